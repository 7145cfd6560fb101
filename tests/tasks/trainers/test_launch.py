"""Trains over two processes that torchrun starts, and loses one of them, or who asked for them."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from foodcls.errors import InputError, TrainingError
from foodcls.manifest import LEARNT, SplitsRef, save_manifest
from foodcls.progress import counting, silent
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.train.checkpoint import EpochReport
from tasks.trainers.launch import (
    TRAINERS,
    Trainers,
    TrainingJob,
    check_trainers,
    read_trainers,
    train_over,
)

TWO = Trainers(1, 2, "")
ENDLESS = 5000
# asks, tells each epoch in a file, and goes on until it is killed
ASKER = """if True:
    import pickle, sys
    from pathlib import Path
    from foodcls.progress import silent
    from tasks.trainers.launch import Trainers, train_over

    folder = Path(sys.argv[1])
    train_over(Trainers(1, 2, ""), pickle.loads((folder / "job").read_bytes()), silent,
               lambda report: (folder / "epoch").write_text(str(report.epoch)))
"""


@pytest.fixture
def job(
    gallery: Callable[[Store], pd.DataFrame], store: Store, quick: Train,
    labels: tuple[str, ...], tmp_path: Path,
) -> TrainingJob:  # fmt: skip
    pictures = SplitsRef(save_manifest(gallery(store), store, "split"), LEARNT)
    settings = quick.model_copy(update={"epochs": ENDLESS})
    return TrainingJob(store.root, pictures, labels, settings, tmp_path / "cache")


def trainers_of(pid: int) -> list[int]:
    """The processes that torchrun has started for one, the first of them first."""
    found = []
    for child in _children(pid):
        for grandchild in _children(child):
            line = Path(f"/proc/{grandchild}/cmdline").read_bytes()
            if b"tasks.trainers" in line:
                found.append(grandchild)
    return found


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return sorted(int(child) for task in tasks for child in task.read_text().split())


def listened_at(pid: int) -> set[str]:
    """The addresses at which a process waits for connections, in the kernel's hexadecimal."""
    held = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    lines = [line.split() for kind in ("tcp", "tcp6")
             for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]  # fmt: skip
    return {line[1].partition(":")[0] for line in lines
            if line[3] == "0A" and f"socket:[{line[9]}]" in held}  # fmt: skip


def are_gone(pids: Iterable[int]) -> bool:
    for _ in range(600):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    ("text", "found"),
    [("", None), ("1", None), ("2", TWO), ("2x4@10.0.0.5:29500", Trainers(2, 4, "10.0.0.5:29500")),
     ("3x1@[::1]:29500", Trainers(3, 1, "[::1]:29500"))],
)  # fmt: skip
def test_what_the_environment_asks_for(text: str, found: Trainers | None) -> None:
    assert read_trainers(text) == found


@pytest.mark.parametrize("text", ["0", "-1", "two", "2x4", "4@host:1", "0x4@host:1", "2x4@host",
    "2x4@host:65536", "2x4@host:0", "2x4@host:" + "9" * 5000, "²", "9" * 5000])  # fmt: skip
def test_what_is_no_number_of_processes_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(InputError, match="FOODCLS_TRAINERS=.*such as 2x4@10.0.0.5:29500"):
        read_trainers(text)


def test_more_processes_than_cores_are_refused_with_how_many_would_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setenv(TRAINERS, "2")
    check_trainers()
    monkeypatch.setenv(TRAINERS, "3")
    with pytest.raises(InputError, match="has 2 cores; .* such as --trainers 2"):
        check_trainers()


def test_a_training_is_told_as_it_goes_and_ends_its_processes(
    job: TrainingJob, caplog: pytest.LogCaptureFixture
) -> None:
    short = replace(job, settings=job.settings.model_copy(update={"epochs": 2}))
    told: list[Any] = []

    def track(items: Iterable[Any], total: int, label: str) -> Iterator[Any]:
        told.append((label, total, len(list(items))))
        return iter(())

    def on_epoch(report: EpochReport) -> None:
        told.append(report)
        started.update(trainers_of(os.getpid()))
        for pid in (*started, *_children(os.getpid())):
            addresses.update(listened_at(pid))

    addresses = set[str]()
    started: set[int] = set()
    with counting() as tally, caplog.at_level("INFO"):
        found = train_over(TWO, short, track, on_epoch)
    assert told == [("run the frozen layers", 27, 27), *found.reports]
    assert tally["activations"].anew == 27 and tally["epochs"].anew == 2
    assert "finetune on 18 training pictures" in caplog.text
    assert addresses == {"0100007F"}  # 127.0.0.1
    assert found.processes == 2 and Store(job.store).is_whole(found.weights)
    assert len(started) == 2 and are_gone(started)


def test_a_process_that_is_lost_is_told_and_takes_the_others_along(job: TrainingJob) -> None:
    started: list[int] = []

    def lose(report: EpochReport) -> None:
        if report.epoch == 2:
            started.extend(trainers_of(os.getpid()))
            os.kill(started[1], signal.SIGKILL)

    with pytest.raises(TrainingError, match="lost; the same command goes on after the last epoch"):
        train_over(TWO, job, silent, lose)
    assert len(started) == 2 and are_gone(started)
    assert any(job.cache.glob("training-*"))


@pytest.mark.long
def test_what_one_process_finds_wrong_is_what_is_told(job: TrainingJob) -> None:
    wrong = replace(job, labels=("apple pie", "label"))
    with pytest.raises(TrainingError, match="not among the classes"):
        train_over(TWO, wrong, silent, lambda report: None)


@pytest.mark.long
def test_a_killed_asker_leaves_no_process(job: TrainingJob, tmp_path: Path) -> None:
    (tmp_path / "job").write_bytes(pickle.dumps(job))
    with subprocess.Popen([sys.executable, "-c", ASKER, tmp_path]) as asker:
        while not (tmp_path / "epoch").exists():
            assert asker.poll() is None
            time.sleep(0.1)
        started = [*_children(asker.pid), *trainers_of(asker.pid)]
        asker.kill()
    assert len(started) == 3 and are_gone(started)


@pytest.mark.long
@pytest.mark.runs("torchrun")
def test_two_machines_that_meet_give_what_two_processes_of_one_give(
    job: TrainingJob, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    short = replace(job, settings=job.settings.model_copy(update={"epochs": 2}))
    here = train_over(TWO, short, silent, lambda report: None)
    port = free_port()
    words = ["--nnodes", "2", "--node-rank", "1", "--nproc-per-node", "1", "--master-addr",
             "127.0.0.1", "--master-port", str(port)]  # fmt: skip
    theirs = tmp_path / "theirs"
    command = [Path(sys.executable).with_name("torchrun"), *words, "-m", "tasks.trainers"]
    with subprocess.Popen(
        [*command, theirs], env=os.environ | {"OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL
    ) as other:
        away = replace(short, cache=tmp_path / "ours")
        found = train_over(Trainers(2, 1, f"127.0.0.1:{port}"), away, silent, lambda report: None)
        assert other.wait(60) == 0
    assert (found.weights, found.processes) == (here.weights, 2)
    names = [
        {path.name for path in folder.glob("activations-*")} for folder in (away.cache, theirs)
    ]
    assert names[0] and names[0] == names[1]
