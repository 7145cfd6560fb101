import errno
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from foodcls.export.publish import model_files
from foodcls.manifest import new_manifest
from foodcls.store.store import digest_of
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace import verify
from foodcls.workspace.gc import CachedResult
from foodcls.workspace.verify import ANEW, CHANGED, MISSING, Damage, find_damage, set_aside
from foodcls.workspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with two pictures, one of them cropped, the weights of a checkpoint, a model."""
    workspace = Workspace.at(tmp_path / "w")
    original, cut, other, _, model = map(
        workspace.store.put, (b"original", b"cut", b"other", b"weights", b"model")
    )
    rows = [
        {"id": original, "picture": cut, "label": "soup", "origin": "http://a/1.jpg"},
        {"id": other, "label": "bread", "origin": "http://a/2.jpg"},
    ]
    write_manifest(new_manifest([{**row, "state": "kept"} for row in rows]), workspace.manifest)
    workspace.model("soups", model).parent.mkdir()
    workspace.model("soups", model).write_bytes(b"model")
    workspace.store.remember("n", {"k": 1})
    return workspace


def find(workspace: Workspace) -> list[Damage]:
    weights = digest_of(b"weights")
    told = {weights: "the weights of a checkpoint"}
    result = CachedResult(workspace.results / "key", frozenset({weights}), told, frozenset())
    return list(find_damage(workspace, [result]))


def test_a_workspace_that_is_whole_has_no_damage(workspace: Workspace, tmp_path: Path) -> None:
    assert find(workspace) == []
    assert find(Workspace.at(tmp_path / "fresh")) == []
    # a run was killed before it had made any folder
    assert find(Workspace(tmp_path / "bare")) == []


@pytest.mark.parametrize(
    ("content", "owner"),
    [(b"cut", "a picture of soup, http://a/1.jpg"), (b"original", "http://a/1.jpg"),
     (b"other", "a picture of bread, http://a/2.jpg"), (b"weights", "the weights of a checkpoint"),
     (b"model", "what an earlier run has made")],
)  # fmt: skip
def test_a_flipped_byte_is_found_and_its_picture_named(
    workspace: Workspace, content: bytes, owner: str
) -> None:
    path = workspace.store.path(digest_of(content))
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    (damage,) = find(workspace)
    assert (damage.path, damage.fault) == (path, CHANGED) and owner in damage.owner
    set_aside(workspace, damage)
    assert not path.exists()
    # a kept picture that is gone is named as well
    assert [one.fault for one in find(workspace)] == [MISSING] * (content in (b"cut", b"other"))


def test_a_run_may_write_the_table_anew_while_a_check_goes_on(workspace: Workspace) -> None:
    workspace.store.path(digest_of(b"weights")).write_bytes(b"torn")
    found = find_damage(workspace)
    assert next(found).fault == CHANGED
    row = {"id": digest_of(b"later"), "label": "soup", "origin": "http://a/3.jpg", "state": "kept"}
    write_manifest(new_manifest([row]), workspace.manifest)
    (damage,) = found
    assert damage.fault == MISSING and digest_of(b"later") in str(damage.path)


def test_models_epochs_and_facts_are_looked_at(workspace: Workspace) -> None:
    model = workspace.model("soups", digest_of(b"model"))
    model.write_bytes(b"modem")
    epoch = workspace.pixels / f"training-k-000001-{digest_of(b'epoch')}.pt"
    epoch.write_bytes(b"epock")
    facts = workspace.root / "store" / "facts.sqlite"
    for leftover in facts.parent.glob("facts.sqlite-*"):
        leftover.unlink()
    facts.write_bytes(b"SQLite format 3\0" + b"?" * 2000)
    found = {damage.path: damage for damage in find(workspace)}
    assert set(found) == {model, epoch, facts}
    assert "move" in found[facts].mend
    for damage in found.values():
        set_aside(workspace, damage)
    # what people have to move themselves stays
    assert not model.exists() and not epoch.exists() and facts.exists()


def test_what_was_not_in_the_end_written_is_no_damage(workspace: Workspace) -> None:
    blob = workspace.store.path(digest_of(b"new"))
    blob.parent.mkdir(exist_ok=True)
    blob.with_name(f"{blob.name}.1.2.part").write_bytes(b"ne")
    assert find(workspace) == []


BESIDE = (".attribution.csv", ".CREDITS.md", ".MODEL_CARD.md")


@pytest.mark.parametrize("ending", [".pt", ".pt2", ".sha256", *BESIDE])
@pytest.mark.parametrize("deletes", [False, True])
def test_each_file_of_a_model_is_looked_at(
    workspace: Workspace, ending: str, deletes: bool
) -> None:
    (model,) = workspace.list_models()
    path = model.with_suffix(ending)
    model.with_suffix(".pt2").write_bytes(b"program")
    for beside in BESIDE:
        model.with_suffix(beside).write_text(beside)
    files = model_files(model)
    lines = [f"{digest_of(file.read_bytes())}  {file.name}\n" for file in files]
    model.with_suffix(".sha256").write_text("".join(lines))
    assert find(workspace) == []
    data = path.read_bytes()
    path.unlink() if deletes else path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    (damage,) = find(workspace)
    assert (damage.path, damage.fault) == (path, MISSING if deletes else CHANGED)
    assert damage.owner == "a model for use" and damage.mend == ANEW
    set_aside(workspace, damage)
    assert not path.exists()


def stop_at_fourth(items: Iterable[object], total: int, label: str) -> Iterator[object]:
    for number, item in enumerate(items):
        if number == 3:
            raise KeyboardInterrupt
        yield item


def test_a_check_that_was_stopped_goes_on_where_it_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read: list[str] = []

    def digest(path: Path) -> str:
        read.append(path.name)
        return digest_of(path.read_bytes())

    monkeypatch.setattr(verify, "digest_file", digest)
    monkeypatch.setattr(verify, "SLACK", 0.0)
    first, second, third, *others = sorted(workspace.store.blobs())
    first.write_bytes(b"torn")
    # the file system's clock ticks slower
    time.sleep(0.02)
    with pytest.raises(KeyboardInterrupt):
        list(find_damage(workspace, track=stop_at_fourth, goes_on=True))
    second.write_bytes(b"torn later")
    read.clear()
    with caplog.at_level("INFO"):
        damaged = list(find_damage(workspace, goes_on=True))
    assert [damage.path for damage in damaged if damage.fault == CHANGED] == [first, second]
    assert {third.name} == {path.name for path in (first, second, third, *others)} - {*read}
    assert "which had read 3 of 5 blobs" in caplog.text
    # one that has come to its end leaves nothing to go on with
    read.clear()
    assert len(list(find_damage(workspace, goes_on=True))) == len(damaged)
    assert third.name in read and not workspace.verifying.exists()


def test_a_stopped_check_can_begin_anew(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(find_damage(workspace, track=stop_at_fourth))
    # a byte that flips on the disk leaves no trace in the file's time
    assert workspace.verifying.exists()
    workspace.verifying.write_text("torn")
    assert find(workspace) == [] and not workspace.verifying.exists()


def test_a_check_needs_no_room_on_the_disk(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PACE", -1.0)
    # where a file is to be written there is a folder, as nothing can be written there at all
    workspace.verifying.mkdir()
    with pytest.raises(KeyboardInterrupt):
        list(find_damage(workspace, track=stop_at_fourth, goes_on=True))
    assert find(workspace) == []


@pytest.mark.parametrize(
    "kept",
    [{"store": "another"}, {"begun": "yesterday"}, {"begun": float("nan")}, {"begun": -1e300},
     {"begun": time.time() + 1e6}, {"last": None, "begun": None}],
    ids=["another store", "no time", "not a number", "before time", "to come", "nothing"],
)  # fmt: skip
def test_a_check_is_not_gone_on_with_where_its_record_says_nothing_of_these_blobs(
    workspace: Workspace, kept: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "SLACK", -1e3)
    for blob in workspace.store.blobs():
        blob.write_bytes(b"torn")
    whole = {"store": workspace.place, "begun": time.time(), "last": "f" * 64, "damaged": []}
    workspace.verifying.write_text(json.dumps(whole | kept))
    assert len(list(find_damage(workspace, goes_on=True))) == 5


def test_a_blob_that_the_disk_cannot_read_is_damaged_and_one_that_goes_meanwhile_is_not(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # neither is named by a table
    unread, gone = (workspace.store.path(workspace.store.put(data)) for data in (b"1", b"2"))

    def digest(path: Path) -> str:
        if path == unread:
            raise OSError(errno.EIO, "Input/output error")
        gone.unlink(missing_ok=True)
        return digest_of(path.read_bytes())

    monkeypatch.setattr(verify, "digest_file", digest)
    (damage,) = find(workspace)
    assert (damage.path, damage.fault) == (unread, CHANGED)
