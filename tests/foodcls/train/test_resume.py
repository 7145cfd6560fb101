import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import StoreError
from foodcls.network import winograd
from foodcls.progress import counting
from foodcls.recipe.train_settings import Extras, Train
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest, write_manifest
from foodcls.train import resume
from foodcls.train.checkpoint import Checkpoint, EpochReport
from foodcls.train.resume import (
    KEPT_EPOCHS,
    CheckpointFiles,
    TrainingState,
    checkpoint_files,
)
from foodcls.train.train import train
from foodcls.work import code_digest

Run = Callable[..., Checkpoint]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def run(
    store: Store, gallery: Callable[..., pd.DataFrame], quick: Train, labels: tuple[str, ...]
) -> Run:
    manifest = gallery(store)
    five = quick.model_copy(update={"epochs": 5})

    def start(
        cache: Path, die_after: int = 0, seen: list[int] | None = None, **extras: object
    ) -> Checkpoint:
        settings = five.model_copy(update={"extras": Extras.model_validate(extras)})

        def on_epoch(report: EpochReport) -> None:
            if seen is not None:
                seen.append(report.epoch)
            if report.epoch == die_after:
                raise Killed

        return train(manifest, store, labels, settings, cache, on_epoch=on_epoch)

    return start


@pytest.fixture(scope="module")
def unbroken(
    gallery: Callable[..., pd.DataFrame],
    quick: Train,
    labels: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., str]:
    """The digest of a training that nothing interrupts; each kind is trained once."""
    found: dict[str, str] = {}

    def digest(**extras: object) -> str:
        if (kind := repr(extras)) not in found:
            folder = tmp_path_factory.mktemp("unbroken")
            store, wanted = Store(folder / "store"), Extras.model_validate(extras)
            settings = quick.model_copy(update={"epochs": 5, "extras": wanted})
            found[kind] = train(gallery(store), store, labels, settings, folder / "a").digest
        return found[kind]

    return digest


def files_in(cache: Path) -> list[Path]:
    return sorted(cache.glob("training-*"))


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_a_killed_training_ends_as_an_unbroken_one(
    run: Run, unbroken: Callable[..., str], tmp_path: Path, epoch: int
) -> None:
    with pytest.raises(Killed):
        run(tmp_path / "b", die_after=epoch)
    seen: list[int] = []
    resumed = run(tmp_path / "b", seen=seen)
    assert resumed.digest == unbroken()
    assert seen == [1, 2, 3, 4, 5]


EVERYTHING = {
    "label_smoothing": 0.1, "warmup": 1.5, "cosine": True, "layer_decay": 0.7, "ema": 0.8,
    "mixup": 0.3, "balance": "sampling", "augment": {},
}  # fmt: skip


@pytest.mark.parametrize(
    "extras",
    [{"warmup": 2, "cosine": True}, {"ema": 0.9}, {"layer_decay": 0.5}, EVERYTHING],
    ids=["schedule", "ema", "rates", "everything"],
)
def test_schedule_rates_and_average_are_taken_up_again_too(
    run: Run, unbroken: Callable[..., str], tmp_path: Path, extras: dict[str, object]
) -> None:
    with pytest.raises(Killed):
        run(tmp_path / "b", die_after=2, **extras)
    assert run(tmp_path / "b", **extras).digest == unbroken(**extras)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_moments_of_3x3_convolutions_are_taken_up_again_too(
    store: Store,
    gallery: Callable[..., pd.DataFrame],
    quick: Train,
    labels: tuple[str, ...],
    tmp_path: Path,
    precision: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # on disk they are contiguous; at work some lie channels last, others by their taps: in this
    # network none would, were it not told that few channels are enough
    monkeypatch.setattr(winograd, "CHANNELS", 96)
    manifest = gallery(store)
    changes = {"backbone": "test_resnet", "trainable": ("layer4",), "epochs": 2}
    settings = quick.model_copy(update=changes | {"precision": precision})

    def die(report: EpochReport) -> None:
        raise Killed

    unbroken = train(manifest, store, labels, settings, tmp_path / "a")
    with pytest.raises(Killed):
        train(manifest, store, labels, settings, tmp_path / "b", on_epoch=die)
    assert train(manifest, store, labels, settings, tmp_path / "b").digest == unbroken.digest


def test_finished_epochs_are_not_repeated(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, die_after=4)
    before = [path.name for path in files_in(tmp_path)]
    with pytest.raises(Killed):
        run(tmp_path, die_after=4)
    assert [path.name for path in files_in(tmp_path)] == before


@pytest.mark.parametrize("damage", ["torn", "flipped", "empty"])
def test_a_damaged_file_falls_back_to_the_epoch_before(
    run: Run,
    unbroken: Callable[..., str],
    tmp_path: Path,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(Killed):
        run(tmp_path / "b", die_after=3)
    last = files_in(tmp_path / "b")[-1]
    data = last.read_bytes()
    flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    last.write_bytes({"torn": data[:-100], "flipped": flipped, "empty": b""}[damage])
    assert run(tmp_path / "b").digest == unbroken()
    assert "damaged" in caplog.text


def test_a_kill_while_an_epoch_is_written_leaves_the_one_before(
    run: Run, unbroken: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Killed):
        run(tmp_path / "b", die_after=2)
    before = files_in(tmp_path / "b")

    def dying(path: Path, data: bytes) -> None:
        path.with_name(f".{path.name}.part").write_bytes(data)
        # written, not yet renamed
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(resume, "write_whole", dying)
        run(tmp_path / "b")
    assert files_in(tmp_path / "b") == before
    assert run(tmp_path / "b").digest == unbroken()


@pytest.mark.parametrize("epoch", [1, 5])
def test_an_epoch_that_cannot_be_written_ends_the_training(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    # written beside the next epoch, so told after that, or at the end
    written = CheckpointFiles.save

    def save(diary: CheckpointFiles, state: TrainingState) -> None:
        if len(state.reports) == epoch:
            raise StoreError("the disk is full")
        written(diary, state)

    seen: list[int] = []
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="disk is full"):
        patch.setattr(CheckpointFiles, "save", save)
        run(tmp_path, seen=seen)
    assert seen == list(range(1, epoch + 1))
    assert len(files_in(tmp_path)) == min(KEPT_EPOCHS, epoch - 1)


@pytest.mark.parametrize("kills", [(2,), pytest.param((1, 2, 4), marks=pytest.mark.long)], ids=str)
def test_killed_by_the_system_in_the_middle_of_epochs_it_ends_the_same(
    run: Run,
    unbroken: Callable[..., str],
    store: Store,
    gallery: Callable[..., pd.DataFrame],
    quick: Train,
    labels: tuple[str, ...],
    tmp_path: Path,
    kills: tuple[int, ...],
) -> None:
    write_manifest(gallery(store), tmp_path / "manifest.csv")
    extras = Extras.model_validate(EVERYTHING)
    settings = quick.model_copy(update={"epochs": 5, "extras": extras})
    words = [store.root, tmp_path, settings.model_dump_json(), *labels]
    for epoch in kills:
        with subprocess.Popen(
            [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        ) as process:
            assert process.stdout
            while int(process.stdout.readline()) < epoch:
                pass
            time.sleep(0.05)
            process.kill()
        # else it was over before
        assert process.returncode == -signal.SIGKILL
    seen: list[int] = []
    assert run(tmp_path / "b", seen=seen, **EVERYTHING).digest == unbroken(**EVERYTHING)
    assert seen == [1, 2, 3, 4, 5]


def test_disk_holds_two_epochs_until_the_outcome_is_kept(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, die_after=4)
    assert len(files_in(tmp_path)) == KEPT_EPOCHS == 2
    whole = run(tmp_path)
    assert len(files_in(tmp_path)) == KEPT_EPOCHS
    # a kill before the checkpoint was kept repeats no epoch
    assert run(tmp_path) == whole
    checkpoint_files(tmp_path, whole).delete()
    assert files_in(tmp_path) == []


def test_a_training_that_ended_leaves_the_epochs_of_others(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, die_after=2, label_smoothing=0.1)
    before = files_in(tmp_path)
    checkpoint_files(tmp_path, run(tmp_path)).delete()
    assert files_in(tmp_path) == before


@contextmanager
def another_timm(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """As after an upgrade of a package."""
    with patch.context() as patched:
        patched.setattr(
            code_digest, "version", lambda name: "0" if name == "timm" else version(name)
        )
        code_digest.code_digest.cache_clear()
        yield
    code_digest.code_digest.cache_clear()


def test_epochs_of_other_packages_are_not_taken_up(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Killed):
        run(tmp_path, die_after=4)
    caplog.set_level("INFO")
    assert "begins at epoch 1" not in caplog.text
    with another_timm(monkeypatch), counting() as tally:
        run(tmp_path)
    assert tally["epochs"].recalled == 0
    assert "begins at epoch 1: the epochs in" in caplog.text
    with counting() as tally:
        run(tmp_path)
    assert tally["epochs"].recalled == 4


if __name__ == "__main__":
    # a training of its own, for the system to kill
    root, folder, settings, *names = sys.argv[1:]
    train(
        read_manifest(Path(folder) / "manifest.csv"), Store(Path(root)), names,
        Train.model_validate_json(settings), Path(folder) / "b",
        on_epoch=lambda report: print(report.epoch, flush=True),
    )  # fmt: skip
