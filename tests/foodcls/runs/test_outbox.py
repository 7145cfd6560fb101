import dataclasses
from pathlib import Path

import pytest

from foodcls.errors import StoreError
from foodcls.runs.outbox import (
    RECORD,
    Registration,
    RunRecord,
    Submission,
    drop_record,
    keep_record,
    list_pending,
)

DRAFT = Submission(
    key="k",
    outcome="o",
    address="http://a",
    experiment="e",
    started=100.5,
    ended=200.25,
    runs=(
        RunRecord("whole", {"t": "1"}, {"s": "2"}, (("loss", 0.5, 1), ("nan", float("nan"), 0))),
        RunRecord("row", {}, {}, (), {"name": "d"}),
    ),
    model=Registration("m", "d", {}),
)


def fill(folder: Path) -> None:
    for number in range(2):
        place = folder / "runs" / str(number)
        place.mkdir(parents=True)
        (place / "a.txt").write_text(f"file {number}")


def draft(**changes: object) -> Submission:
    return dataclasses.replace(DRAFT, **changes)


def test_a_record_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    kept = keep_record(tmp_path, DRAFT, fill)
    (found,) = list_pending(tmp_path)
    assert found.folder == kept.folder and repr(found.submission) == repr(kept.submission)
    assert [path.read_text() for path in found.files_of(1)] == ["file 1"]
    assert found.damaged() == []


def test_the_oldest_is_first(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        keep_record(tmp_path, draft(key=f"{number}", outcome=f"{number}", ended=number), fill)
    assert [one.submission.key for one in list_pending(tmp_path)] == ["1", "2", "3"]


def test_the_same_outcome_for_the_same_server_waits_once(tmp_path: Path) -> None:
    first = keep_record(tmp_path, DRAFT, fill)
    assert keep_record(tmp_path, draft(key="other"), fill).submission.key == "k"
    keep_record(tmp_path, draft(key="3", address=""), fill)
    keep_record(tmp_path, draft(key="4", outcome="another"), fill)
    assert {one.submission.key for one in list_pending(tmp_path)} == {"k", "3", "4"}
    # what can no longer be sent is written anew
    (first.folder / "runs" / "0" / "a.txt").write_text("changed")
    assert keep_record(tmp_path, draft(key="5"), fill).submission.key == "5"
    assert not first.folder.exists()


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_damaged_files_are_named(tmp_path: Path, damage: str) -> None:
    kept = keep_record(tmp_path, DRAFT, fill)
    path = kept.folder / "runs" / "1" / "a.txt"
    path.unlink() if damage == "missing" else path.write_text("file 2")
    assert kept.damaged() == ["runs/1/a.txt"]


def test_what_was_killed_while_it_was_written_is_removed(tmp_path: Path) -> None:
    def die(folder: Path) -> None:
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_record(tmp_path, DRAFT, die)
    assert list_pending(tmp_path) == []
    kept = keep_record(tmp_path, draft(key="other"), fill)
    assert list(tmp_path.iterdir()) == [kept.folder]


def test_a_record_that_is_none_is_named_and_left(tmp_path: Path, caplog) -> None:
    kept = keep_record(tmp_path, DRAFT, fill)
    (kept.folder / RECORD).write_text("{}")
    assert list_pending(tmp_path) == []
    assert f"{kept.folder / RECORD} is no record" in caplog.text and kept.folder.exists()


def test_a_record_that_was_told_is_gone(tmp_path: Path) -> None:
    kept = keep_record(tmp_path, DRAFT, fill)
    drop_record(kept)
    assert not kept.folder.exists()


def test_a_full_disk_leaves_no_half_record(small_disk) -> None:
    def fill_up(folder: Path) -> None:
        fill(folder)
        (folder / "runs" / "0" / "large").write_bytes(b"x" * 2_000_000)

    small_disk.remount("size=1m")
    with pytest.raises(StoreError, match="No space left .* bytes and .* files are free there"):
        keep_record(small_disk.folder, DRAFT, fill_up)
    assert not [path for path in small_disk.folder.rglob("*") if path.is_file()]
    small_disk.remount("size=8m")
    assert keep_record(small_disk.folder, DRAFT, fill_up).damaged() == []
