"""Entries that were torn or planted; how a stage goes on without them is tested with caching."""

import base64
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from prefect.serializers import JSONSerializer

from foodcls.export.export import ExportedRef
from foodcls.manifest import ManifestRef
from foodcls.metrics.evaluation import Evaluation
from foodcls.store.store import digest_of
from foodcls.train.checkpoint import Checkpoint
from foodcls.workspace.workspace import Workspace
from tasks.engine.entries import BLOBS, drop_unsound, find_fault, read_results

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
        entry(ExportedRef(model, digest_of(b"program"), 1, 0.0, 1))
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
