import csv
import json
import os
import random
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from foodcls.collect.fetch import utc_text
from foodcls.columnar import write_parquet
from foodcls.errors import StoreError
from foodcls.manifest import ManifestRef, new_manifest, save_manifest
from foodcls.store.store import digest_of
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace.gc import (
    BLOB,
    DAMAGED,
    DAY,
    FACT,
    PART,
    PIXELS,
    RESULT,
    CachedResult,
    find_digests,
    find_garbage,
    find_named,
    find_users,
    model_digests,
    remove_garbage,
)
from foodcls.workspace.lock import holding
from foodcls.workspace.workspace import Workspace

NOW = 1_800_000_000.0


def age(path: Path, days: float) -> None:
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


def remember(workspace: Workspace, name: str, days: float, *contents: str) -> list[str]:
    """A result of so many days ago whose manifest has these pictures; all its blobs."""
    pictures = [workspace.store.put(content.encode()) for content in contents]
    table = new_manifest([{"id": digest, "state": "kept"} for digest in pictures])
    ref = save_manifest(table, workspace.store, "crop")
    path = workspace.results / name
    path.write_text(ref.blob)
    blobs = [ref.blob, *pictures]
    for blob in (path, *map(workspace.store.path, blobs)):
        age(blob, days)
    return blobs


def results_in(workspace: Workspace) -> list[CachedResult]:
    """What the results name: here each holds the digest of a table."""
    files = [(path, find_digests(path.read_bytes())) for path in workspace.list_results()]
    return [CachedResult(path, tables, {}, tables) for path, tables in files]


def tidy(workspace: Workspace, days: float = 30, **words: bool) -> dict[str, list[object]]:
    found = find_garbage(workspace, results_in, days, NOW, **words)
    remove_garbage(workspace, found)
    return {kind: [item.place for item in found if item.kind == kind]
            for kind in {item.kind for item in found}}  # fmt: skip


def test_an_old_result_goes_with_the_blobs_that_only_it_named(workspace: Workspace) -> None:
    old, *_ = remember(workspace, "old", 40, "gone", "shared")
    new = remember(workspace, "new", 0, "shared", "fresh")
    age(workspace.store.path(digest_of(b"shared")), 40)
    gone = tidy(workspace)
    assert gone[RESULT] == [workspace.results / "old"]
    assert set(gone[BLOB]) == {old, digest_of(b"gone")}
    assert not workspace.store.lacking(new) and find_garbage(workspace, results_in, 30, NOW) == []


def test_a_workspace_that_rests_keeps_the_work_of_its_last_run(workspace: Workspace) -> None:
    remember(workspace, "last", 900, "a", "b")
    assert tidy(workspace, 1) == {}


def test_what_a_killed_run_has_fetched_since_stays(workspace: Workspace) -> None:
    remember(workspace, "last", 0, "a")
    fetched = workspace.store.put(b"fetched")
    age(workspace.store.path(fetched), 0.5)
    assert tidy(workspace, 1) == {}
    age(workspace.store.path(fetched), 2)
    assert tidy(workspace, 1) == {BLOB: [fetched]}


def test_a_workspace_without_results_loses_nothing(workspace: Workspace) -> None:
    age(workspace.store.path(workspace.store.put(b"fetched")), 900)
    assert tidy(workspace, 1) == {}


def test_models_in_use_keep_their_blobs(workspace: Workspace) -> None:
    remember(workspace, "last", 0, "a")
    model = workspace.store.put(b"model")
    age(workspace.store.path(model), 40)
    workspace.model("soups", model).parent.mkdir()
    workspace.model("soups", model).write_bytes(b"model")
    assert tidy(workspace) == {}


def test_old_pixels_damaged_blobs_and_files_of_dead_writers_go(workspace: Workspace) -> None:
    remember(workspace, "last", 0, "a")
    old, new = workspace.pixels / "old.npy", workspace.pixels / "new.npy"
    for path, days in ((old, 40), (new, 1)):
        path.write_bytes(b"12345")
        age(path, days)
    damaged = workspace.store.put(b"damaged")
    workspace.store.set_aside(damaged)
    with subprocess.Popen(["true"]) as dead:
        pass
    parts = [workspace.root / f".x.{pid}.1.part" for pid in (dead.pid, os.getpid())]
    for part in parts:
        part.touch()
    assert tidy(workspace) == {PIXELS: [old], DAMAGED: [damaged], PART: [parts[0]]}
    assert new.exists() and parts[1].exists() and not old.exists() and not parts[0].exists()


def test_a_result_dated_in_the_future_makes_no_other_old(workspace: Workspace) -> None:
    remember(workspace, "last", 0, "a")
    remember(workspace, "wrong", -1000, "b")
    assert tidy(workspace) == {}
    old, *_ = remember(workspace, "old", 40)
    assert tidy(workspace) == {RESULT: [workspace.results / "old"], BLOB: [old]}


def test_old_answers_go_of_what_no_manifest_names(workspace: Workspace) -> None:
    remember(workspace, "last", 0, "a")
    table = new_manifest([{"origin": 'http://a.test/"named",1.jpg', "outcome": "http_error"}])
    write_manifest(table, workspace.manifest)
    store, old, new = workspace.store, NOW - 40 * DAY, NOW - DAY
    for kind in ("search/1", "robots/1"):
        store.remember(kind, {"old": {"asked_at": old}, "new": {"asked_at": new}})
    fetched = {
        'http://a.test/"named",1.jpg': old,
        "http://a.test/old": old,
        "http://a.test/new": new,
    }
    store.remember("fetch", {url: {"fetched_at": utc_text(at)} for url, at in fetched.items()})
    store.remember("phash", {"http://a.test/old": {}})
    places = ["search/1 old", "robots/1 old", "fetch http://a.test/old"]
    assert tidy(workspace) == {FACT: places}
    assert set(store.recall("fetch", fetched)) == fetched.keys() - {"http://a.test/old"}
    assert store.recall("search/1", ["old", "new"]).keys() == {"new"}
    assert store.recall("phash", fetched) and tidy(workspace) == {}


def test_an_answer_stays_while_a_cached_manifest_names_its_address(workspace: Workspace) -> None:
    table = new_manifest([{"origin": "HTTP://a.test/1", "outcome": "http_error"}])
    named = save_manifest(table, workspace.store, "collect").blob
    (workspace.results / "last").write_text(named)
    age(workspace.results / "last", 0)
    urls = ["HTTP://a.test/1"]
    workspace.store.remember("fetch", dict.fromkeys(urls, {"fetched_at": utc_text(0)}))
    assert tidy(workspace) == {} and len(workspace.store.recall("fetch", urls)) == 1


@pytest.fixture(params=["folder", "s3", "in the first"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Workspace, Workspace]:
    """Two workspaces on one store, each with a picture, and an old one that neither names."""
    place = {"folder": str(tmp_path / "far"), "in the first": str(tmp_path / "a" / "store")}
    far = place.get(request.param) or request.getfixturevalue("bucket")
    found = Workspace.at(tmp_path / "a", far), Workspace.at(tmp_path / "b", far)
    for workspace in found:
        with holding(workspace.root):
            name = workspace.root.name.encode()
            (workspace.results / "last").write_text(workspace.store.put(name))
        # the clock of the object store is this machine's
        age(workspace.results / "last", -1)
    found[0].store.put(b"loose")
    return found


def tidy_later(workspace: Workspace, **words: bool) -> list[object]:
    """As long after as makes all old that nothing names."""
    later = NOW + 1000 * DAY
    for user in find_users(workspace)[0]:
        os.utime(user.results / "last", (later, later))
    found = find_garbage(workspace, results_in_blobs, 1, later, **words)
    remove_garbage(workspace, found)
    return [item.place for item in found]


def results_in_blobs(workspace: Workspace) -> list[CachedResult]:
    return [CachedResult(path, find_digests(path.read_bytes()), {}, frozenset())
            for path in workspace.list_results()]  # fmt: skip


def test_two_workspaces_on_a_store_know_of_each_other(pair: tuple[Workspace, Workspace]) -> None:
    for one in pair:
        assert {user.root for user in find_users(one)[0]} == {user.root for user in pair}
    first, second = pair
    assert tidy_later(first) == [digest_of(b"loose")]
    assert first.store.has(digest_of(b"a")) and second.store.has(digest_of(b"b"))
    assert tidy_later(second) == []


def test_while_a_workspace_is_out_of_reach_its_store_is_left_alone(
    pair: tuple[Workspace, Workspace],
) -> None:
    first, second = pair
    second.root.rename(second.root.with_name("moved"))
    (away,) = find_users(first)[1]
    assert away.startswith(f"{second.root} on ")
    assert tidy_later(first) == []
    # it comes back where it is now
    moved = Workspace(second.root.with_name("moved"))
    with holding(moved.root):
        pass
    assert moved.root in [user.root for user in find_users(first)[0]]
    assert tidy_later(first, is_sole=True) == [digest_of(b"loose")]
    assert moved.store.has(digest_of(b"b"))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_kept_and_wherever_it_ends_no_live_blob_goes(
    seed: int, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    for number in range(10):
        contents = {str(draw.randrange(30)) for _ in range(draw.randrange(6))}
        remember(workspace, f"{number}", draw.randrange(60), *contents)
    found = find_garbage(workspace, results_in, 30, NOW)
    live = {path for path in workspace.results.iterdir() if RESULT not in
            {item.kind for item in found if item.place == path}}  # fmt: skip
    held = {name for name, *_ in workspace.store.listing()}
    named = (
        find_named(workspace, [one for one in results_in(workspace) if one.path in live])[0] & held
    )
    end_after(draw.randrange(len(found) + 1), monkeypatch)
    with suppress(KeyboardInterrupt):
        remove_garbage(workspace, found)
    monkeypatch.undo()
    # what still says that it has a blob has it
    there = list(workspace.results.iterdir())
    assert live <= set(there) and not workspace.store.lacking(
        find_named(workspace, results_in(workspace))[0] & held
    )
    tidy(workspace, 30)
    assert (
        set(workspace.results.iterdir()) == live
        and find_garbage(workspace, results_in, 30, NOW) == []
    )
    assert not workspace.store.lacking(named) and named


def end_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break off instead of the removal after so many."""
    left = [count]
    unlink: Callable[..., None] = Path.unlink

    def counted(path: Path, **words: bool) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        unlink(path, **words)

    monkeypatch.setattr(Path, "unlink", counted)


def keep(workspace: Workspace, *blobs: str, tables: tuple[str, ...] = ()) -> CachedResult:
    """What a cache entry names."""
    return CachedResult(
        workspace.results / "a", frozenset({*blobs, *tables}), {}, frozenset(tables)
    )


def save(workspace: Workspace, **row: str) -> ManifestRef:
    return save_manifest(new_manifest([row]), workspace.store, "crop")


def test_a_result_names_its_blobs_its_table_and_each_picture_of_it(workspace: Workspace) -> None:
    dropped, cut, weights, stranger = map(digest_of, (b"dropped", b"cut", b"weights", b"stranger"))
    ref = save(workspace, id=dropped, picture=cut, state="dropped")
    results = [keep(workspace, tables=(ref.blob,)), keep(workspace, weights)]
    named = find_named(workspace, results)[0]
    assert {ref.blob, dropped, cut, weights} <= named and stranger not in named
    assert find_named(workspace, results[1:])[0] == {weights}


def test_tables_for_people_and_waiting_records_name_too(workspace: Workspace) -> None:
    shown, waiting = digest_of(b"shown"), digest_of(b"waiting")
    write_manifest(new_manifest([{"id": shown}]), workspace.manifest)
    (workspace.records / "1").mkdir(parents=True)
    (workspace.records / "1" / "record.json").write_text(json.dumps({"digest": waiting}))
    assert find_named(workspace, [])[0] == {shown, waiting}


@pytest.mark.parametrize("before", ["", "x" * 200_000 + ",y\r\n", "old,mac\rrows\r"],
                         ids=["short", "long cell", "bare returns"])  # fmt: skip
def test_addresses_of_any_table_of_a_person_are_found(workspace: Workspace, before: str) -> None:
    text = f'{before}kept,"http://a.test/1,2.jpg"\n'
    (workspace.root / "mine.csv").write_text(text, newline="")
    assert find_named(workspace, [])[1] == {"http://a.test/1,2.jpg"}


@pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16")])
def test_a_table_that_a_spreadsheet_has_saved_names_too(
    workspace: Workspace, separator: str, encoding: str
) -> None:
    shown = digest_of(b"shown")
    with (workspace.root / "mine.csv").open("w", encoding=encoding, newline="") as file:
        rows = [("id", "origin"), (shown, "http://a.test/1,2;3.jpg")]
        csv.writer(file, delimiter=separator).writerows(rows)
    assert find_named(workspace, []) == ({shown}, {"http://a.test/1,2;3.jpg"})


def test_a_table_that_cannot_be_read_is_an_error_and_stays_where_it_is(
    workspace: Workspace,
) -> None:
    ref = save(workspace, id=digest_of(b"x"))
    workspace.store.path(ref.blob).write_bytes(b"torn")
    with pytest.raises(StoreError, match=f"{ref.blob}.*run its recipe"):
        find_named(workspace, [keep(workspace, tables=(ref.blob,))])
    assert workspace.store.path(ref.blob).exists()


def test_a_table_that_another_foodcls_wrote_is_an_error(workspace: Workspace) -> None:
    """What it names is not known, and would be taken for garbage."""
    other = workspace.store.put(write_parquet(pa.table({"sha": [digest_of(b"x")]})))
    with pytest.raises(StoreError, match=f"{other}.*run its recipe"):
        find_named(workspace, [keep(workspace, tables=(other,))])


def test_exported_models_say_how_their_digests_begin(workspace: Workspace) -> None:
    path = workspace.model("soups-and-more", digest_of(b"m"))
    path.parent.mkdir()
    path.touch()
    assert model_digests(workspace) == {digest_of(b"m")[:12]}
