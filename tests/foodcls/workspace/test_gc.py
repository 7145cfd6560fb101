import os
import random
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from foodcls.manifest import new_manifest, save_manifest
from foodcls.store.store import digest_of
from foodcls.workspace.gc import (
    BLOB,
    DAMAGED,
    DAY,
    PART,
    PIXELS,
    RESULT,
    find_litter,
    remove_litter,
)
from foodcls.workspace.references import CachedResult, find_digests, named_blobs
from foodcls.workspace.workspace import Workspace

NOW = 1_800_000_000.0


def age(path: Path, days: float) -> None:
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "w")


def remember(space: Workspace, name: str, days: float, *contents: str) -> list[str]:
    """A result of so many days ago whose manifest has these pictures; all its blobs."""
    pictures = [space.store.put(content.encode()) for content in contents]
    table = new_manifest([{"id": digest, "state": "kept"} for digest in pictures])
    ref = save_manifest(table, space.store, "crop")
    path = space.results / name
    path.write_text(ref.blob)
    blobs = [ref.blob, *pictures]
    for blob in (path, *map(space.store.path, blobs)):
        age(blob, days)
    return blobs


def results_in(space: Workspace) -> list[CachedResult]:
    """What the results name: here each holds the digest of a table."""
    files = [(path, find_digests(path.read_bytes())) for path in space.list_results()]
    return [CachedResult(path, tables, {}, tables) for path, tables in files]


def tidy(space: Workspace, days: float = 30, **words: bool) -> dict[str, list[object]]:
    found = find_litter(space, results_in(space), days, **words)
    remove_litter(space, found)
    return {kind: [item.place for item in found if item.kind == kind]
            for kind in {item.kind for item in found}}  # fmt: skip


def test_an_old_result_goes_with_the_blobs_that_only_it_named(space: Workspace) -> None:
    old, *_ = remember(space, "old", 40, "gone", "shared")
    new = remember(space, "new", 0, "shared", "fresh")
    age(space.store.path(digest_of(b"shared")), 40)
    gone = tidy(space)
    assert gone[RESULT] == [space.results / "old"]
    assert set(gone[BLOB]) == {old, digest_of(b"gone")}
    assert not space.store.lacking(new) and find_litter(space, results_in(space)) == []


def test_a_workspace_that_rests_keeps_the_work_of_its_last_run(space: Workspace) -> None:
    remember(space, "last", 900, "a", "b")
    assert tidy(space, 1) == {}


def test_what_a_killed_run_has_fetched_since_stays(space: Workspace) -> None:
    remember(space, "last", 0, "a")
    fetched = space.store.put(b"fetched")
    age(space.store.path(fetched), 0.5)
    assert tidy(space, 1) == {}
    age(space.store.path(fetched), 2)
    assert tidy(space, 1) == {BLOB: [fetched]}


def test_a_workspace_without_results_loses_nothing(space: Workspace) -> None:
    age(space.store.path(space.store.put(b"fetched")), 900)
    assert tidy(space, 1) == {}


def test_models_in_use_keep_their_blobs(space: Workspace) -> None:
    remember(space, "last", 0, "a")
    model = space.store.put(b"model")
    age(space.store.path(model), 40)
    space.model("soups", model).parent.mkdir()
    space.model("soups", model).write_bytes(b"model")
    assert tidy(space) == {}


def test_old_pixels_damaged_blobs_and_files_of_dead_writers_go(space: Workspace) -> None:
    remember(space, "last", 0, "a")
    old, new = space.pixels / "old.npy", space.pixels / "new.npy"
    for path, days in ((old, 40), (new, 1)):
        path.write_bytes(b"12345")
        age(path, days)
    damaged = space.store.put(b"damaged")
    space.store.set_aside(damaged)
    with subprocess.Popen(["true"]) as dead:
        pass
    parts = [space.root / f".x.{pid}.1.part" for pid in (dead.pid, os.getpid())]
    for part in parts:
        part.touch()
    assert tidy(space) == {PIXELS: [old], DAMAGED: [damaged], PART: [parts[0]]}
    assert new.exists() and parts[1].exists() and not old.exists() and not parts[0].exists()


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_a_store_elsewhere_is_left_alone_unless_it_is_the_workspaces_alone(
    place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    far = request.getfixturevalue("bucket") if place == "s3" else str(tmp_path / "far")
    space = Workspace.at(tmp_path / "w", far)
    kept, loose, damaged = map(space.store.put, (b"kept", b"loose", b"damaged"))
    space.store.set_aside(damaged)
    (space.results / "last").write_text(kept)
    # the last run was tomorrow: all that lies there now is a day older
    os.utime(space.results / "last", (4e9, 4e9))
    assert tidy(space, 1) == {}
    assert tidy(space, 1, is_sole=True) == {BLOB: [loose], DAMAGED: [damaged]}
    assert space.store.lacking([kept, loose]) == {loose}
    assert tidy(space, 1, is_sole=True) == {}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_kept_and_wherever_it_ends_no_live_blob_goes(
    seed: int, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    for number in range(10):
        contents = {str(draw.randrange(30)) for _ in range(draw.randrange(6))}
        remember(space, f"{number}", draw.randrange(60), *contents)
    found = find_litter(space, results_in(space), 30)
    live = {path for path in space.results.iterdir() if RESULT not in
            {item.kind for item in found if item.place == path}}  # fmt: skip
    held = {name for name, *_ in space.store.listing()}
    named = named_blobs(space, [one for one in results_in(space) if one.path in live]) & held
    end_after(draw.randrange(len(found) + 1), monkeypatch)
    with suppress(KeyboardInterrupt):
        remove_litter(space, found)
    monkeypatch.undo()
    # what still says that it has a blob has it
    there = list(space.results.iterdir())
    assert live <= set(there) and not space.store.lacking(
        named_blobs(space, results_in(space)) & held
    )
    tidy(space, 30)
    assert set(space.results.iterdir()) == live and find_litter(space, results_in(space), 30) == []
    assert not space.store.lacking(named) and named


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
