"""Measures each format of a model on this machine: answers, time, size, memory, start.

Each is opened in a process of its own, so that memory and start-up are its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from foodcls.errors import InputError
from foodcls.export.benchmark_worker import BATCHES, BenchmarkJob, Measured, measure
from foodcls.export.exported_files import DIGESTS, FORMATS, check_libraries, read_digests, sibling
from foodcls.export.predict_tests import find_tests
from foodcls.features.pixels import read_picture
from foodcls.metrics.paired_test import compare_predictions
from foodcls.metrics.ranks import Floats, number_groups
from foodcls.metrics.scores import Estimate
from foodcls.network.resize import squash_pixels
from foodcls.progress import Track, silent
from foodcls.store.store import Store, digest_file
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import encode_labels

EAGER = "eager torch"
HEADS = ("format", "accuracy", "less the base", "largest difference", "ms, batch 1",
         "ms, batch 32", "pictures/s, batch 32", "MB", "memory, MB", "start, s")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A format's figures; those of accuracy are on the same pictures for all.

    The base is the first row.
    """

    name: str
    accuracy: float
    shift: Estimate | None  # of accuracy, less that of the base; None for that itself
    difference: float  # the largest of a probability from the base's
    ms: tuple[float, ...]  # a picture, in batches of `BATCHES`; medians
    megabytes: float  # of the file; 0 where there is none
    memory: float  # megabytes that opening and answering took at most, with all libraries
    start: float  # seconds from nothing to the first answer

    def record(self) -> dict[str, object]:
        """The figures as JSON holds them, for programs."""
        shift = self.shift
        return {
            "format": self.name,
            "accuracy": self.accuracy,
            "shift": None if shift is None else [shift.value, shift.low, shift.high],
            "largest_difference": self.difference,
            **{f"ms_batch_{batch}": ms for batch, ms in zip(BATCHES, self.ms, strict=True)},
            **{f"per_second_batch_{batch}": 1000 / ms
               for batch, ms in zip(BATCHES, self.ms, strict=True)},
            "megabytes": self.megabytes,
            "memory_megabytes": self.memory,
            "start_seconds": self.start,
        }  # fmt: skip


def benchmark(
    model: Path,
    labels: tuple[str, ...],
    size: int,
    checkpoint: Checkpoint | None,
    manifest: pd.DataFrame,
    store: Store,
    threads: int,
    seconds: float,
    track: Track = silent,
) -> Iterator[Row]:
    """A row for each file of `model`, in the order of FORMATS, and for eager torch.

    The first is the base of the others: the .pt file, where it is there. Eager torch needs a
    checkpoint.
    On so many threads, each batch size for so many seconds. A .pt2 file counts only where its
    digest is that of a blob in `store`: it was made here.
    """
    rows = find_tests(manifest, labels)
    truth, groups = encode_labels(rows, labels), number_groups(tuple(rows["cluster"]))
    with TemporaryDirectory() as place:
        pictures = Path(place, "pictures.npy")
        squares = [
            squash_pixels(read_picture(digest, store), size)
            for digest in track(rows["picture"], len(rows), "decode")
        ]
        np.save(pictures, np.stack(squares))
        jobs = list(_jobs(model, checkpoint, store, pictures, (threads, seconds)))
        first: Floats | None = None
        for name, path, job in track(jobs, len(jobs), "measure"):
            found = _alone(job, name)
            given = np.array(found.probabilities)
            first = given if first is None else first
            test = compare_predictions(first, given, truth, groups)
            yield Row(
                name=name,
                accuracy=test.b.accuracy.value,
                shift=test.accuracy if given is not first else None,
                difference=float(np.abs(given - first).max()),
                ms=found.ms,
                megabytes=path.stat().st_size / 1e6 if path else 0.0,
                memory=found.memory,
                start=found.start,
            )


def _jobs(
    model: Path,
    checkpoint: Checkpoint | None,
    store: Store,
    pictures: Path,
    how: tuple[int, float],
) -> Iterator[tuple[str, Path | None, BenchmarkJob]]:
    digests = read_digests(sibling(model, DIGESTS))
    for name, kind in FORMATS.items():
        path = sibling(model, kind.ending)
        if not path.exists():
            continue
        digest = digests.get(path.name, "") or digest_file(path)
        if kind.is_program and not store.is_whole(digest):
            continue
        check_libraries([name])
        yield name, path, BenchmarkJob(str(path), digest, None, "", str(pictures), *how)
    if checkpoint:
        yield EAGER, None, BenchmarkJob("", "", checkpoint, store.root, str(pictures), *how)


def _alone(job: BenchmarkJob, name: str) -> Measured:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            return pool.submit(measure, job).result()
        except BrokenProcessPool as error:
            raise InputError(f"{name}: its process died, for lack of memory perhaps") from error


def markdown(rows: Sequence[Row], about: Mapping[str, object]) -> str:
    """The table as Markdown, with what it was measured on."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    told = "; ".join(f"{name} {value}" for name, value in about.items())
    return "\n".join([*lines, "", f"{told}.", ""])


def cells(row: Row) -> tuple[str, ...]:
    """A row as text."""
    shift = row.shift
    moved = "" if shift is None else f"{shift.value:+.3f} ({shift.low:+.3f} to {shift.high:+.3f})"
    return (
        row.name, f"{row.accuracy:.3f}", moved,
        "0" if row.difference == 0 else f"{row.difference:.0e}",
        f"{row.ms[0]:.1f}", f"{row.ms[1]:.1f}", f"{1000 / row.ms[1]:.0f}",
        f"{row.megabytes:.1f}" if row.megabytes else "", f"{row.memory:.0f}", f"{row.start:.1f}",
    )  # fmt: skip
