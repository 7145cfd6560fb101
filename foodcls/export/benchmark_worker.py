"""Opens one form of a model and measures it, in a process that has done nothing before."""

import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATCHES = (1, 32)
ROUNDS = 5  # of each batch size, at least


@dataclass(frozen=True)
class BenchmarkJob:
    """A file with its digest, or a checkpoint in a store; squares, uint8 (N, S, S, 3), as .npy."""

    path: str
    digest: str
    checkpoint: Any
    store: Any
    pictures: str
    threads: int
    seconds: float  # that each batch size is timed for, at least


@dataclass(frozen=True)
class Measured:
    """What a form of a model gave and took."""

    probabilities: list[list[float]]
    ms: tuple[float, ...]  # a picture, in batches of `BATCHES`
    memory: float  # megabytes at most
    start: float  # seconds to the first answer


def measure(job: BenchmarkJob) -> Measured:
    """Open, answer and time; imports are part of the start."""
    begun = time.perf_counter()
    import numpy as np
    import torch

    from foodcls.work.memory import keep_freed_memory

    keep_freed_memory()
    torch.set_num_threads(job.threads)
    answer = _open(job)
    pictures = np.load(job.pictures)
    answer(pictures[:1])
    start = time.perf_counter() - begun
    ms = tuple(_time(answer, np.resize(pictures, (batch, *pictures.shape[1:])), job.seconds)
               for batch in BATCHES)  # fmt: skip
    shares = [share for at in range(0, len(pictures), 16)
              for share in answer(pictures[at : at + 16])[0].tolist()]  # fmt: skip
    return Measured(shares, ms, _peak_memory(), start)


def _peak_memory() -> float:
    """Megabytes that this process took at most."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    # ru_maxrss would begin with what the process had that started this one: proc_pid_status(5)
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM:"))


def _open(job: BenchmarkJob) -> Any:
    if job.checkpoint is None:
        from foodcls.export.load import load_model

        return load_model(Path(job.path), job.digest, job.threads).answer
    from foodcls.export.export import restore
    from foodcls.export.exported_program import InferenceModule, model_of
    from foodcls.store.store import Store

    network, config = restore(job.checkpoint, Store(job.store))
    facts = vars(config) | {"provenance": {}}
    return model_of(InferenceModule(network, config).eval(), facts, "").answer


def _time(answer: Any, batch: Any, least: float) -> float:
    """The median of milliseconds a picture."""
    answer(batch)
    seconds: list[float] = []
    begun = time.perf_counter()
    while len(seconds) < ROUNDS or time.perf_counter() - begun < least:
        started = time.perf_counter()
        answer(batch)
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds) / len(batch)
