"""Trains over several processes, of this machine or of several, by torchrun.

FOODCLS_TRAINERS: how many processes of this machine train, or MACHINESxPROCESSES@HOST:PORT, with
HOST this machine as the others reach it. They are started by torchrun, which ends all when one is
lost, and are `python -m tasks.trainers`; the first tells this process how far it is.
"""

import logging
import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import foodcls.errors
from foodcls.errors import FoodclsError, InputError, TrainingError
from foodcls.progress import Track, count
from foodcls.recipe.train_settings import Train
from foodcls.train.checkpoint import Checkpoint, EpochReport

if TYPE_CHECKING:  # brings pandas, for which a refusal need not wait
    from foodcls.manifest import SplitsRef

log = logging.getLogger("foodcls.stages")

TRAINERS = "FOODCLS_TRAINERS"
# a file by which the processes of one machine find each other; no port is open for it
MEETING = "FOODCLS_TRAINERS_MEETING"
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
FORM = re.compile(r"(?:(\d{1,5})x)?(\d{1,5})(?:@([^@\s]+:\d{1,5}))?", re.ASCII)
# before what a process that fails says of it, on standard error
FAILED = "foodcls-failed "
# seconds in which torchrun ends its processes once it is asked to
GRACE = 30


@dataclass(frozen=True)
class Trainers:
    """So many processes on each of so many machines, which meet at an address."""

    machines: int
    processes: int
    meet: str  # HOST:PORT; empty for one machine

    def words(self, folder: str) -> list[str]:
        """The options by which torchrun starts them on this machine, the first one."""
        if not self.meet:
            # by files: a port of its own would let in whoever reaches this machine
            return ["--rdzv-backend=c10d", "--rdzv-conf=store_type=file",
                    f"--rdzv-endpoint={folder}/torchrun", f"--nproc-per-node={self.processes}",
            ]  # fmt: skip
        host, _, port = self.meet.rpartition(":")
        return [f"--nnodes={self.machines}", f"--nproc-per-node={self.processes}", "--node-rank=0",
                f"--master-addr={host}", f"--master-port={port}"]  # fmt: skip

    def environment(self, folder: str) -> dict[str, str]:
        """What keeps the processes of one machine from listening to others."""
        if self.meet:
            return {}
        return {MEETING: f"{folder}/processes", "GLOO_SOCKET_IFNAME": LOOPBACK,
                "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}  # fmt: skip


@dataclass(frozen=True)
class TrainingJob:
    """What is to be learnt from, and where what was computed on the way is kept."""

    store: Path | str
    pictures: "SplitsRef"
    labels: tuple[str, ...]
    settings: Train
    cache: Path


def read_trainers(text: str) -> Trainers | None:
    """The processes that FOODCLS_TRAINERS asks for; None for this one alone."""
    found = FORM.fullmatch(text or "1")
    machines, processes = (int(found[number] or 1) for number in (1, 2)) if found else (0, 0)
    meet = (found and found[3]) or ""
    is_port = int(meet.rpartition(":")[2] or 1) in range(1, 65_536)
    if 0 in (machines, processes) or (machines > 1) != bool(meet) or not is_port:
        raise InputError(
            f"--trainers, or {TRAINERS}={text!r}; allowed: a number of processes, such as 2, or "
            "MACHINESxPROCESSES@HOST:PORT, such as 2x4@10.0.0.5:29500"
        )
    return Trainers(machines, processes, meet) if machines * processes > 1 else None


def check_trainers() -> None:
    """InputError where the environment asks for no processes, or for more than there are cores."""
    text, cores = os.environ.get(TRAINERS, ""), os.cpu_count() or 1
    found = read_trainers(text)
    if found and found.processes > cores:
        raise InputError(
            f"--trainers, or {TRAINERS}={text!r}: this machine has {cores} cores; ask for as many "
            f"processes at most, such as --trainers {cores}"
        )


def train_over(
    trainers: Trainers, job: TrainingJob, track: Track, on_epoch: Callable[[EpochReport], None]
) -> Checkpoint:
    """`foodcls.train.train` over these processes; none of them is left when this returns.

    TrainingError, or what one of them raised, when one fails or is lost.
    """
    import torch

    threads = max(1, torch.get_num_threads() // trainers.processes)
    log.info("train: %d x %d processes of %d threads", trainers.machines, trainers.processes,
             threads)  # fmt: skip
    there = {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory() as folder:
        words = ["-m", "torch.distributed.run", *trainers.words(folder), "-m", __package__]
        process = subprocess.Popen(
            [sys.executable, *words], env=os.environ | there | trainers.environment(folder),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, start_new_session=True,
        )  # fmt: skip
        assert process.stdin and process.stdout
        try:
            _send_job(process.stdin, job)
            found = _listen(_messages(process.stdout), track, on_epoch)
            code = process.wait()
        finally:
            _end(process)
        if found is None or code:
            said.seek(0)
            raise _explain(said.read().decode(errors="replace"))
    return found


def _send_job(pipe: IO[bytes], job: TrainingJob) -> None:
    # what has ended already is told by its exit
    with suppress(BrokenPipeError):
        pickle.dump(job, pipe)
        pipe.flush()


def _listen(
    messages: Iterator[tuple[str, Any]], track: Track, on_epoch: Callable[[EpochReport], None]
) -> Checkpoint | None:
    """Pass on what the first process tells, to its end; the checkpoint, if it came so far."""
    found: list[Checkpoint] = []

    def items() -> Iterator[None]:
        for kind, value in messages:
            if kind == "end":
                return
            if kind == "item":
                yield
            else:
                take(kind, value)

    def take(kind: str, value: Any) -> None:
        if kind == "track":
            deque(track(items(), *value), maxlen=0)
        elif kind == "epoch":
            on_epoch(value)
        elif kind == "log":
            logging.getLogger(value.name).handle(value)
        elif kind == "work":
            count(value.kind, anew=value.anew, recalled=value.recalled)
        else:
            found.append(value)

    for message in messages:
        take(*message)
    return found[0] if found else None


def _messages(told: IO[bytes]) -> Iterator[tuple[str, Any]]:
    # a process that was killed leaves part of a message
    try:
        while True:
            yield pickle.load(told)  # noqa: S301  (of a process that we have started)
    except (EOFError, pickle.UnpicklingError):
        return


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End torchrun, which ends its processes; those that are left end with the pipe they read."""
    assert process.stdin and process.stdout
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()


def _explain(said: str) -> FoodclsError:
    """The error that a process told; those that waited for it fail as well."""
    for line in said.splitlines():
        if line.startswith(FAILED):
            kind, _, message = line.removeprefix(FAILED).partition(" ")
            return getattr(foodcls.errors, kind)(message.replace("\\n", "\n"))
    words = [line for line in said.splitlines() if line.strip()]
    return TrainingError(
        "a process of the training was lost; the same command goes on after the last epoch that "
        "is on disk. Most often memory is short, or a machine went away. They said:\n"
        + "\n".join(words[-12:])
    )
