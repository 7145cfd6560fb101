import base64
import dataclasses
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from prefect import flow
from prefect.serializers import JSONSerializer
from prefect.settings import PREFECT_API_URL, temporary_settings

from foodcls.errors import StageError
from foodcls.export.exported_files import ExportedFile, ExportedRef
from foodcls.manifest import ManifestRef, load_manifest, new_manifest, save_manifest
from foodcls.metrics.evaluation import Evaluation
from foodcls.recipe.data_settings import Dedup, Filter
from foodcls.runs.stage_result import StageResult
from foodcls.store.store import Store, digest_of
from foodcls.train.checkpoint import Checkpoint
from foodcls.workspace.workspace import Workspace
from tasks.engine.recall import recall
from tasks.engine.retry import TRIES
from tasks.engine.stage import (
    BLOBS,
    Stage,
    drop_unsound,
    find_fault,
    fingerprint,
    read_results,
    stage,
)

pytestmark = pytest.mark.usefixtures("prefect_server")
CALLS: list[str] = []


@stage("foodcls.manifest")
def first(workspace: Workspace, note: str) -> ManifestRef:
    """Write a manifest of one picture."""
    CALLS.append("first")
    digest = workspace.store.put(b"a picture")
    return save_manifest(new_manifest([{"id": digest, "state": "kept", "detail": note}]),
                         workspace.store, "first")  # fmt: skip


@stage("foodcls.manifest", on_retry={"retrying": True})
def troubled(workspace: Workspace, succeed_at: int, retrying: bool = False) -> ManifestRef:
    """Lose two pictures until the call of that number."""
    CALLS.append(f"retrying {retrying}")
    outcome = "ok" if len(CALLS) >= succeed_at else "timeout"
    # servers say in many words that they are busy
    rows = [{"outcome": outcome, "state": "dropped", "stage": "troubled",
             "detail": str(len(CALLS))} for _ in range(2)]  # fmt: skip
    return save_manifest(new_manifest(rows), workspace.store, "troubled", {"timeout"})


@stage("foodcls.manifest")
def second(workspace: Workspace, note: str) -> ManifestRef:
    """Take the same arguments as `first` does."""
    CALLS.append("second")
    return save_manifest(new_manifest(), workspace.store, "second")


@stage("foodcls.manifest")
def third(workspace: Workspace, ref: ManifestRef, settings: Dedup) -> ManifestRef:
    """Go on from a manifest."""
    CALLS.append("third")
    return save_manifest(load_manifest(ref, workspace.store), workspace.store, "third")


@stage("foodcls.manifest")
def aloud(workspace: Workspace, note: str, volume: int = 0) -> str:
    """Be told something on the side."""
    CALLS.append(f"{note} at {volume}")
    return note


@stage()
def always(workspace: Workspace, ref: ManifestRef) -> int:
    """Have no modules, so run each time."""
    CALLS.append("always")
    return ref.kept


@stage("foodcls.manifest")
def failing(workspace: Workspace) -> ManifestRef:
    """Fail."""
    raise StageError("too few pictures; add a query")


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., StageResult]:
    """Run one stage inside a flow of its own, and note whether its body ran."""
    CALLS.clear()
    workspace = Workspace.at(tmp_path / "workspace")

    def run(one: Stage, *inputs: object, **options: object) -> StageResult:
        @flow
        def single() -> list[StageResult]:
            return [one(workspace, *inputs, **options)]

        return single()[0]

    return run


def test_stage_is_remembered_over_flow_runs_and_scoped_to_itself(call: Callable) -> None:
    fresh, again, other = call(first, "x"), call(first, "x"), call(second, "x")
    assert (fresh.cached, again.cached, other.cached) == (False, True, False)
    assert fresh.result == again.result != other.result
    assert CALLS == ["first", "second"]


def test_other_input_other_settings_or_refresh_run_again(call: Callable) -> None:
    ref = call(first, "x")
    assert not call(first, "y").cached
    assert not call(third, ref, Dedup()).cached
    assert call(third, ref, Dedup()).cached
    assert not call(third, ref, Dedup(distance=3)).cached
    assert not call(third, ref, Dedup(), refresh=True).cached


@pytest.fixture
def recalled(tmp_path: Path) -> Callable[[str], StageResult | None]:
    """Ask a flow of two stages what it remembers, as where no server is set."""
    workspace = Workspace.at(tmp_path / "workspace")

    @flow
    def pair(note: str) -> StageResult:
        return always(workspace, first(workspace, note))

    def ask(note: str) -> StageResult | None:
        CALLS.clear()
        with temporary_settings(restore_defaults={PREFECT_API_URL}):
            return recall(pair, note)

    return ask


def test_what_is_all_remembered_is_told_without_a_server(
    call: Callable, recalled: Callable, tmp_path: Path
) -> None:
    assert recalled("x") is None and CALLS == []
    call(first, "x")
    assert recalled("x").result == 1 and CALLS == ["always"]
    assert recalled("y") is None
    # nor is a result believed whose picture is gone
    for blob in (tmp_path / "workspace" / "store").rglob("*"):
        if blob.is_file() and blob.read_bytes() == b"a picture":
            blob.unlink()
    assert recalled("x") is None and CALLS == []


def test_where_somebody_wants_to_see_the_run_nothing_is_told_without_it(
    call: Callable, recalled: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(first, "x")
    monkeypatch.setenv("FOODCLS_WEBHOOK", "http://127.0.0.1:9")
    assert recalled("x") is None
    monkeypatch.delenv("FOODCLS_WEBHOOK")
    assert recall(flow(lambda: 1)) is None, "a server is set"


def test_what_may_be_had_by_trying_again_is_not_told_as_it_was(
    call: Callable, tmp_path: Path
) -> None:
    call(troubled, 9)
    workspace = Workspace.at(tmp_path / "workspace")
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert recall(flow(lambda: troubled(workspace, 9))) is None


def test_what_was_let_go_is_told_without_a_server(call: Callable, tmp_path: Path) -> None:
    for _ in range(1 + TRIES):
        result = call(troubled, 99).result
    workspace, before = Workspace.at(tmp_path / "workspace"), len(CALLS)
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert recall(flow(lambda: troubled(workspace, 99))).result == result
    assert len(CALLS) == before


def test_what_is_told_aside_arrives_and_is_no_part_of_the_key(call: Callable) -> None:
    assert not call(aloud, "x", volume=1).cached
    assert call(aloud, "x", volume=2).cached
    assert not call(aloud, "x", refresh=True, volume=3).cached
    assert CALLS == ["x at 1", "x at 3"]


def test_the_next_stage_follows_the_digest_and_not_the_blob(call: Callable) -> None:
    ref = call(first, "x").result
    call(third, ref, Dedup())
    fetched_later = ManifestRef(ref.stage, ref.digest, "another blob", ref.kept, ref.dropped)
    assert call(third, fetched_later, Dedup()).cached


def test_missing_picture_makes_the_stage_run_again(call: Callable, tmp_path: Path) -> None:
    store = Workspace.at(tmp_path / "workspace").store
    ref = call(first, "x").result
    picture = load_manifest(ref, store)["id"][0]
    store.path(picture).unlink()
    step = call(first, "x")
    assert not step.cached and store.has(picture)


def test_a_run_asks_for_a_picture_once_until_it_was_missing_and_the_next_run_asks_again(
    call: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.at(tmp_path / "workspace")
    picture = load_manifest(call(first, "x").result, workspace.store)["id"][0]
    asked: list[str] = []
    answer = Store.lacking

    def lacking(store: Store, digests: Iterable[str]) -> set[str]:
        wanted = list(digests)
        asked.extend(wanted)
        return answer(store, wanted)

    monkeypatch.setattr(Store, "lacking", lacking)

    @flow
    def two() -> list[bool]:
        found = first(workspace, "x")
        return [found.cached, third(workspace, found, Dedup()).cached]

    assert two() == [True, False] and asked == [picture]
    assert two() == [True, True] and asked == [picture] * 2
    workspace.store.path(picture).unlink()
    # made anew by the first; the second is then not to be believed by what was missing
    assert two() == [False, True] and asked == [picture] * 4


def test_edited_manifest_makes_the_stage_run_again(call: Callable, tmp_path: Path) -> None:
    store = Workspace.at(tmp_path / "workspace").store
    ref = call(first, "x").result
    store.path(ref.blob).write_bytes(b"id,label\n")
    step = call(first, "x")
    assert not step.cached and store.is_whole(step.result.blob)


def test_torn_record_is_a_miss(call: Callable, tmp_path: Path) -> None:
    call(first, "x")
    (record,) = Workspace.at(tmp_path / "workspace").results.iterdir()
    record.write_bytes(record.read_bytes()[:40])
    assert not call(first, "x").cached
    assert call(first, "x").cached


def test_what_trouble_took_is_tried_again_by_the_next_run_and_found(
    call: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "foodcls.stages")
    lost, found, after = (call(troubled, 2) for _ in range(3))
    assert [step.cached for step in (lost, found, after)] == [False, False, True]
    assert (lost.result.passing, found.result.passing) == (2, 0)
    assert CALLS == ["retrying False", "retrying True"]
    assert "trouble that may pass took 2 pictures or searches; trying these again (1 of 3)" in (
        caplog.text
    )


def test_what_trouble_takes_in_each_run_is_let_go(
    call: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "foodcls.stages")
    first_result = call(troubled, 99).result
    # nothing has changed for later stages
    for _ in range(TRIES + 2):
        step = call(troubled, 99)
        assert step.cached and step.result == first_result
    assert len(CALLS) == 1 + TRIES and "2 pictures or searches failed in 4 runs" in caplog.text
    # asked for by hand, it begins anew
    call(troubled, 99, refresh=True)
    call(troubled, 99)
    assert len(CALLS) == 3 + TRIES


def test_stage_without_modules_runs_each_time(call: Callable) -> None:
    ref = call(first, "x")
    assert [call(always, ref).result for _ in range(2)] == [1, 1]
    assert CALLS.count("always") == 2


def test_failure_comes_out_as_it_is_and_is_not_remembered(call: Callable) -> None:
    for _ in range(2):
        with pytest.raises(StageError, match="add a query"):
            call(failing)


def test_fingerprint_takes_contents_not_places(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("same")
    settings = [Filter.model_construct(manifest=tmp_path / f"{name}.csv") for name in ("a", "b")]
    assert fingerprint(settings[0]) == fingerprint(settings[1])


def test_fingerprint_refuses_what_has_no_stable_one() -> None:
    with pytest.raises(TypeError, match="set"):
        fingerprint({1, 2})


def test_fingerprint_of_a_plain_dataclass_is_its_fields() -> None:
    @dataclass(frozen=True)
    class Point:
        x: int
        y: tuple[str, ...]

    assert fingerprint(Point(1, ("a",))) == {"x": 1, "y": ["a"]}


REF = ManifestRef("crop", "d", "b", 3, 1)


def entry(result: Any = REF, **serializer: Any) -> bytes:
    """What Prefect writes for a result, with changes to how it is to be read."""
    text = JSONSerializer().dumps(result).decode()
    named = JSONSerializer().model_dump() | serializer
    return json.dumps({"metadata": {"serializer": named}, "result": text}).encode()


def test_what_a_stage_writes_is_sound() -> None:
    assert find_fault(entry()) == find_fault(entry([1, 2])) == find_fault(entry("text")) == ""


def test_an_evaluation_comes_back_as_it_was(judged: Callable[..., Evaluation]) -> None:
    found = judged([[4, 1, 0], [1, 4, 0], [0, 0, 0]], ("a", "b", "no pictures"))
    again = JSONSerializer().loads(JSONSerializer().dumps(found))
    assert again == found and again.digest == found.digest


@pytest.mark.parametrize("size", [0, 1, 40, -1])
def test_a_torn_entry_is_seen(size: int) -> None:
    assert find_fault(entry()[:size]) == "is torn"


@pytest.mark.parametrize("depth", [700, 100_000])
def test_an_entry_that_is_nested_without_end_is_seen(depth: int, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    data = planted("[" * depth + "]" * depth, **JSONSerializer().model_dump())
    (workspace.results / "key").write_bytes(data)
    assert find_fault(data) in ("", "is torn")
    assert not read_results(workspace)[0].owners


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("open('canary', 'w')",)


def planted(result: str, **serializer: Any) -> bytes:
    return json.dumps({"metadata": {"serializer": serializer}, "result": result}).encode()


@pytest.mark.parametrize(
    "data",
    [
        planted(base64.b64encode(cloudpickle.dumps(Evil())).decode(), type="pickle"),
        entry(object_decoder="subprocess.Popen"),
        planted('{"__class__": "subprocess.Popen", "data": "true"}',
                **JSONSerializer().model_dump()),
        planted('{"a": [{"__exc_type__": "os.system", "message": "true"}]}',
                **JSONSerializer().model_dump()),
        planted('"text"', type="compressed", serializer={"type": "pickle"}),
    ],
    ids=["pickle", "decoder", "class", "exception", "compressed"],
)  # fmt: skip
def test_an_entry_that_names_code_is_removed_unread(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "entry"
    path.write_bytes(data)
    drop_unsound(path, "crop")
    assert not list(tmp_path.iterdir())
    assert len(caplog.messages) == 1 and caplog.messages[0].startswith("crop: its cached result")


def test_a_sound_entry_stays(tmp_path: Path) -> None:
    (tmp_path / "entry").write_bytes(entry())
    drop_unsound(tmp_path / "entry", "crop")
    drop_unsound(tmp_path / "not there", "crop")
    assert (tmp_path / "entry").exists()


def test_a_result_says_which_blobs_it_names_and_what_they_are(tmp_path: Path) -> None:
    workspace, table, model = Workspace.at(tmp_path), digest_of(b"table"), digest_of(b"model")
    (workspace.results / "a").write_bytes(entry([ManifestRef("crop", "d", table, 3, 1)]))
    (workspace.results / "b").write_bytes(
        entry(ExportedRef(model, 1, 0.0, 1, (ExportedFile("onnx", digest_of(b"program"), 1),)))
    )
    first, second = sorted(read_results(workspace), key=lambda result: result.path)
    assert first.digests == first.tables == {table} and not second.tables
    assert first.owners == {table: "the table after crop"}
    assert second.owners[model] == "an exported model"


def test_a_torn_result_names_what_can_be_read_of_it(tmp_path: Path) -> None:
    workspace, table = Workspace.at(tmp_path), digest_of(b"table")
    (workspace.results / "a").write_bytes(entry(ManifestRef("crop", "d", table, 3, 1))[:-2])
    (torn,) = read_results(workspace)
    assert torn.digests == {table} and not torn.tables and not torn.owners


def test_the_fields_that_hold_blobs_are_those_of_the_results() -> None:
    """A field that was renamed would be believed without a look at its blob."""
    results = (Checkpoint, Evaluation, ExportedRef)
    fields = {field.name for result in results for field in dataclasses.fields(result)}
    assert BLOBS.keys() <= fields
