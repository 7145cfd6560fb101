from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.judge.epochs import EpochReport
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.resume import KEPT_EPOCHS, forget_trainings
from foodcls.learn.train import train
from foodcls.settings import Train
from foodcls.store import Store

Run = Callable[..., Checkpoint]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def run(
    store: Store, gallery: Callable[..., pd.DataFrame], quick: Train, labels: tuple[str, ...]
) -> Run:
    manifest = gallery(store)
    settings = quick.model_copy(update={"epochs": 5})

    def start(cache: Path, die_after: int = 0, seen: list[int] | None = None) -> Checkpoint:
        def on_epoch(report: EpochReport) -> None:
            if seen is not None:
                seen.append(report.epoch)
            if report.epoch == die_after:
                raise Killed

        return train(manifest, store, labels, settings, cache, on_epoch=on_epoch)

    return start


def diary_files(cache: Path) -> list[Path]:
    return sorted(cache.glob("training-*"))


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_a_killed_training_ends_as_an_unbroken_one(run: Run, tmp_path: Path, epoch: int) -> None:
    unbroken = run(tmp_path / "a")
    with pytest.raises(Killed):
        run(tmp_path / "b", die_after=epoch)
    seen: list[int] = []
    resumed = run(tmp_path / "b", seen=seen)
    assert resumed.digest == unbroken.digest
    assert seen == [1, 2, 3, 4, 5]


def test_finished_epochs_are_not_repeated(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, die_after=4)
    before = [path.name for path in diary_files(tmp_path)]
    with pytest.raises(Killed):
        run(tmp_path, die_after=4)
    assert [path.name for path in diary_files(tmp_path)] == before


@pytest.mark.parametrize("damage", ["torn", "flipped", "empty"])
def test_a_damaged_file_falls_back_to_the_epoch_before(
    run: Run, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    unbroken = run(tmp_path / "a")
    with pytest.raises(Killed):
        run(tmp_path / "b", die_after=3)
    last = diary_files(tmp_path / "b")[-1]
    data = last.read_bytes()
    flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    last.write_bytes({"torn": data[:-100], "flipped": flipped, "empty": b""}[damage])
    assert run(tmp_path / "b").digest == unbroken.digest
    assert "damaged" in caplog.text


def test_disk_holds_two_epochs_until_the_outcome_is_kept(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, die_after=4)
    assert len(diary_files(tmp_path)) == KEPT_EPOCHS == 2
    whole = run(tmp_path)
    assert len(diary_files(tmp_path)) == KEPT_EPOCHS
    # a kill before the checkpoint was kept repeats no epoch
    assert run(tmp_path) == whole
    forget_trainings(tmp_path)
    assert diary_files(tmp_path) == []
