"""Says what the table of pictures costs each stage at 100,000 and a million rows.

    python benchmarks/tables.py                            # takes some minutes
    python benchmarks/tables.py --rows 10000000 --only read

What a stage does to rows alone, each step in a process of its own: no picture is decoded or
fetched, no fact of one asked for. A manifest has SHARES of repeated, cropped and augmented rows.
Seconds are those that processors work, of all threads together, which other work on the machine
changes little. Memory is what the step added to the process at its peak, the table that it was
given left out.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from peers import describe_machine, process_memory

from foodcls import augment
from foodcls.collect import rows as collected
from foodcls.collect.outcomes import Candidate, CandidateResult, FetchResult, Outcome
from foodcls.crop import crop
from foodcls.crop.boxes import Box
from foodcls.crop.placement import place_boxes
from foodcls.dedup import dedup
from foodcls.export.attribution import attribution, credits_page
from foodcls.filter.filter import filter_pictures
from foodcls.inspect import inspect
from foodcls.manifest import (
    COLUMNS,
    NUMBER,
    ManifestRef,
    SplitsRef,
    class_counts,
    kept_rows,
    load_manifest,
    load_splits,
    save_manifest,
)
from foodcls.manifest import (
    split_rows as rows_of_split,
)
from foodcls.metrics.predictions import Predictions, predictions_csv, read_predictions
from foodcls.recipe.data_settings import Filter, Split
from foodcls.report.report import MISTAKES, count_pictures
from foodcls.report.thumbnails import worst_places
from foodcls.sample.dishes import LABELS
from foodcls.split.split import split
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest, write_manifest
from foodcls.tables.spreadsheet import table_csv

SIZES = (100_000, 1_000_000)
# of the rows: dropped by dedup, boxed, decided on by a person, copied by augment
SHARES = {"dropped": 0.1, "boxed": 0.1, "decided": 0.01, "copied": 0.5}
LIMIT = 600  # seconds of the clock, after which a step is given up


def names(count: int, seed: int) -> list[str]:
    """So many random digests."""
    text = np.random.default_rng(seed).bytes(32 * count).hex()
    return [text[start : start + 64] for start in range(0, 64 * count, 64)]


def full_manifest(count: int) -> pd.DataFrame:
    """A table as full as it is after the split, with cells as long as the web's."""
    ids, places = names(count, 0), np.arange(count)
    columns: dict[str, Any] = {
        "id": ids,
        "picture": ids,
        "cluster": ids,
        "label": np.array(LABELS)[places % len(LABELS)],
        "origin": [f"https://images.a.example/{name[:40]}/{place}.jpg"
                   for place, name in enumerate(ids)],
        "page": [f"https://pages.b.example/dishes/of/the/day/{name[-30:]}" for name in ids],
        "source": "bing",
        "query": np.array([f"{label} on a plate" for label in LABELS])[places % len(LABELS)],
        "rank": places % 100 + 1,
        "fetched_at": "2026-01-02T03:04:05Z",
        "outcome": "ok",
        "attempts": 1,
        "bytes": places % 90_000 + 10_000,
        "format": "JPEG",
        "width": places % 900 + 300,
        "height": places % 700 + 300,
        "hash": [name[:16] for name in ids],
        "mirror_hash": [name[16:32] for name in ids],
        "state": "kept",
        "split": np.array(["train", "train", "train", "val", "test"])[places % 5],
    }  # fmt: skip
    table = pd.DataFrame({
        name: pd.Series(columns.get(name, pd.NA if kind == NUMBER else ""),
                        index=range(count), dtype=kind)
        for name, kind in COLUMNS.items()
    })  # fmt: skip
    gone = table.index[: int(count * SHARES["dropped"])]
    table.loc[gone, "state"] = "dropped"
    table.loc[gone, "stage"] = "dedup"
    table.loc[gone, "reason"] = "near duplicate, distance 2"
    table.loc[gone, "duplicate_of"] = table["id"].to_numpy()[::-1][: len(gone)]
    return table


# each step is given the folder and the table's reference, prepares, and gives what is timed
Step = Callable[[Path, ManifestRef], Callable[[], Any]]


def read(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """The whole table out of the store."""
    return lambda: load_manifest(ref, Store(folder))


def read_split(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """What train reads of it."""
    return lambda: load_splits(SplitsRef(ref, ("train", "val", "own")), Store(folder))


def write(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """Digests, and the table into the store."""
    table = load_manifest(ref, Store(folder)).assign(detail="other")
    return lambda: save_manifest(table, Store(folder), "split")


def write_people(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """The file manifest.csv."""
    table = load_manifest(ref, Store(folder))
    return lambda: write_manifest(table, folder / "written.csv")


def read_people(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """The file manifest.csv, read again."""
    write_manifest(load_manifest(ref, Store(folder)), folder / "manifest.csv")
    return lambda: read_manifest(folder / "manifest.csv")


def collect_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """Rows of what was fetched."""
    ids = names(ref.kept + ref.dropped, 0)
    found = [
        CandidateResult(
            Candidate(f"https://images.a.example/{name[:40]}/{place}.jpg",
                      LABELS[place % len(LABELS)], "bing", "on a plate", place % 100,
                      f"https://pages.b.example/dishes/of/the/day/{name[-30:]}"),
            FetchResult("", Outcome.OK, id=name, bytes=20_000, attempts=1,
                        fetched_at="2026-01-02T03:04:05Z"),
        )
        for place, name in enumerate(ids)
    ]  # fmt: skip
    return lambda: collected.results_manifest(found, tuple(LABELS))


def inspect_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """What decoding told, put into the rows; a tenth is refused."""
    table = load_manifest(ref, Store(folder))
    rows = kept_rows(table)
    sound = {"format": "JPEG", "width": 640, "height": 480, "hash": "3" * 16,
             "mirror_hash": "4" * 16}  # fmt: skip
    facts: dict[str, dict[str, Any]] = {
        name: {"reason": "blank", "detail": "one color"} if place % 10 == 0
        else {**sound, "picture": name}
        for place, name in enumerate(rows["id"])
    }  # fmt: skip
    return lambda: inspect._fill(table, rows, facts)


def dedup_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """Rows in order of worth, and what became of each; a tenth has a better one."""
    table = load_manifest(ref, Store(folder))

    def work() -> pd.DataFrame:
        rows = dedup._by_priority(kept_rows(table, *dedup.RANKING, *dedup.SHOWN))
        ids = rows["id"].to_numpy(dtype=object)
        keeper, how = ids.copy(), np.full(len(ids), "", dtype=object)
        keeper[9::10], how[9::10] = ids[8::10][: len(keeper[9::10])], "near duplicate, distance 2"
        return dedup._mark(table, rows.assign(keeper=keeper, how=how, cluster=keeper))

    return work


def filter_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """A person's decisions, found and followed."""
    table = load_manifest(ref, Store(folder))
    chosen = table["id"][:: int(1 / SHARES["decided"])]
    path = folder / "filter.csv"
    path.write_text("id,keep\n" + "".join(f"{name},0\n" for name in chosen))
    return lambda: filter_pictures(table, Filter(manifest=path), tuple(LABELS))


def find_boxes(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """The pictures that a file's boxes mean."""
    table = load_manifest(ref, Store(folder))
    rows = table.iloc[:: int(1 / SHARES["boxed"])]
    boxes = [
        Box(place, origin, label, (10.0, 10.0, 200.0, 200.0), (0, 0))
        for place, (origin, label) in enumerate(zip(rows["origin"], rows["label"], strict=True))
    ]
    return lambda: place_boxes(boxes, table, Store(folder))


def crop_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """Cuts put into the rows, two of each boxed picture."""
    table = load_manifest(ref, Store(folder))
    rows = table.index[:: int(1 / SHARES["boxed"])]
    cuts = {row: [(1, 2, 30, 40), (50, 60, 70, 80)] for row in rows}
    blobs = {row: ["1" * 64, "2" * 64] for row in rows}
    return lambda: crop._fill(table, cuts, blobs)


def split_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """Clusters drawn into splits."""
    table = load_manifest(ref, Store(folder)).assign(split="")
    return lambda: split(table, Split(), LABELS)


def augment_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """Pictures ranked, and rows for copies."""
    table = load_manifest(ref, Store(folder))
    count = int(len(table) * SHARES["copied"])
    made = [{"picture": name, "bytes": 9, "width": 8, "height": 8} for name in names(count, 1)]

    def work() -> pd.DataFrame:
        ranked = augment._ranked(kept_rows(table, "picture", "origin"), 0)
        return augment._append(table, augment._round_robin(ranked, count), made)

    return work


def count_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """What is shown of it in Prefect and MLflow."""
    table = load_manifest(ref, Store(folder))
    return lambda: (class_counts(table), collected.source_counts(table))


def answers_of(folder: Path, ref: ManifestRef) -> str:
    """What evaluate writes of the test pictures: drawn probabilities of each class."""
    rows = rows_of_split(load_manifest(ref, Store(folder)), "test")
    drawn = np.random.default_rng(0).dirichlet(np.ones(len(LABELS)), len(rows))
    truth = np.arange(len(rows)) % len(LABELS)
    texts = (tuple(rows[name]) for name in ("id", "origin", "cluster"))
    return predictions_csv(Predictions(tuple(LABELS), *texts, truth, drawn))


def evaluate_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """The table of answers to the test pictures, a fifth of all."""
    return lambda: answers_of(folder, ref)


def report_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """What the report counts, and the answers with the worst mistakes among them."""
    text, table = answers_of(folder, ref), load_manifest(ref, Store(folder))
    return lambda: (count_pictures(table, LABELS), worst_places(read_predictions(text), MISTAKES))


def credit_rows(folder: Path, ref: ManifestRef) -> Callable[[], Any]:
    """attribution.csv and the page of credits."""
    table = load_manifest(ref, Store(folder))

    def work() -> tuple[str, str]:
        sources = attribution(table)
        return table_csv(sources), credits_page(sources)

    return work


STEPS: tuple[Step, ...] = (
    read, read_split, write, write_people, read_people, collect_rows, inspect_rows, dedup_rows,
    filter_rows, find_boxes, crop_rows, split_rows, augment_rows, count_rows, evaluate_rows,
    report_rows, credit_rows,
)  # fmt: skip


def prepare(folder: Path, count: int) -> ManifestRef:
    """A manifest in a store there."""
    return save_manifest(full_manifest(count), Store(folder), "crop")


def measure(step: Step, folder: Path, ref: ManifestRef) -> tuple[float, float]:
    """Seconds that processors worked for a step, and MiB that it added at its peak."""
    work = step(folder, ref)
    # from here on the kernel notes the peak anew
    Path("/proc/self/clear_refs").write_text("5")
    before, begun = process_memory("VmRSS"), time.process_time()
    work()
    return time.process_time() - begun, (process_memory("VmHWM") - before) / 1024


def in_process(function: Callable[..., Any], *words: Any) -> Any:
    """What a function gives in a fresh process, or None where it takes longer than LIMIT."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        task = pool.submit(function, *words)
        try:
            return task.result(LIMIT)
        except TimeoutError:
            for process in pool._processes.values():
                process.kill()
        except BrokenProcessPool:
            pass
    return None


def rows_of(sizes: list[int], only: list[str]) -> Iterator[str]:
    """A line of Markdown for each step."""
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / str(size) for size in sizes]
        refs = [in_process(prepare, *words) for words in zip(folders, sizes, strict=True)]
        for step in STEPS:
            if only and step.__name__ not in only:
                continue
            found = [in_process(measure, step, *at) for at in zip(folders, refs, strict=True)]
            cells = [f"{one[0]:.2f} s, {one[1]:,.0f} MiB" if one else f"over {LIMIT} s"
                     for one in found]  # fmt: skip
            yield f"| {step.__name__.replace('_', ' ')} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--only", nargs="+", default=[], help="names of steps")
    options = parser.parse_args()
    # the seconds of one core, whatever the number of them; and memory as the command takes it
    os.environ |= {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    print(describe_machine())
    print(f"| step | {' | '.join(f'{size:,} rows' for size in options.rows)} |")
    print("|---|" + "---|" * len(options.rows))
    for line in rows_of(options.rows, options.only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
