"""Says what each stage would cost at 10 thousand, 1 million and 100 million pictures.

    python benchmarks/scale.py                      # on drawn pictures, in about three minutes
    python benchmarks/scale.py --page docs/cluster.md  # and puts the tables into that page
    python benchmarks/scale.py --core-hour 0.04 --gigabyte-month 0.02  # at what you pay

Each stage runs on drawn pictures, two sizes, in this process; the difference between them is what
a picture costs, and what a stage costs at all is left out. Seconds are those that processors work,
which other work on the machine changes little; the tables divide them by the cores. The search
among fingerprints is timed by itself on random ones: up to 100,000 it compares all pairs and is
fitted as a square; beyond, benchmarks/growth.py shows how it grows.
All beyond the sizes that the first line names is extrapolated. Requests are counted on an object
store in memory. Fetching from the web is not here: there the hosts decide, not this machine.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
from dedup import random_fingerprints
from peers import as_table, describe_machine

from foodcls.augment import augment
from foodcls.collect.collect import CollectRequest, collect
from foodcls.crop.crop import crop
from foodcls.dedup.dedup import dedup
from foodcls.dedup.pairs import EXACT, find_pairs
from foodcls.inspect.inspect import inspect
from foodcls.manifest import kept_rows, load_manifest, new_manifest, save_manifest
from foodcls.recipe.data_settings import Augment, Collect, Crop, Dedup, FoodClass, Inspect, Split
from foodcls.recipe.train_settings import Train
from foodcls.sample.dishes import LABELS
from foodcls.sample.scene import compose, draw, true_box
from foodcls.split.split import split
from foodcls.store.disk import file_sizes, format_bytes
from foodcls.store.store import Store, digest_json
from foodcls.train.train import train

SIZES = (78, 234)  # pictures, of 13 classes
ROWS = (10_000, 30_000)
HASHES = (20_000, 60_000)
MANY = 120_000  # fingerprints that are too many for all pairs
GOALS = (10_000, 1_000_000, 100_000_000)
INVOICED = (1_000_000, 10_000_000, 100_000_000)
# US$, an example of what clouds ask: a core an hour, 10^9 bytes a month, 1,000 requests
PRICES = {"core_hour": 0.04, "gigabyte_month": 0.023, "thousand_puts": 0.005,
          "thousand_gets": 0.0004}  # fmt: skip
COPIES = 1  # changed copies for each picture that is learnt from
TRAIN: dict[str, Any] = {
    "backbone": "tf_efficientnet_lite0",
    "trainable": ("conv_head", "bn2"),
    "epochs": 1,
}
# where in a page the tables stand
MARKS = ("<!-- scale -->", "<!-- /scale -->")
# what workers of a cluster do; the others run on the machine that asks
SPREAD = ("inspect", "crop", "augment")
# what only one core of that machine does
SINGLE = ("collect (a folder)", "dedup: fingerprints", "split", "a table, each stage")
CORES = os.cpu_count() or 1
# requests of an object store by what fsspec calls them
REQUESTS = {"cat_file": "GET", "pipe_file": "PUT", "exists": "HEAD", "ls": "LIST"}


@dataclass(frozen=True)
class Cost:
    """What a stage took: seconds, bytes that the store grew by, and requests where it is far."""

    stage: str
    seconds: float
    grown: int
    asked: dict[str, int]


@dataclass(frozen=True)
class Rate:
    """What a stage takes for each picture."""

    stage: str
    seconds: float
    grown: float
    asked: dict[str, float]


class Counting:
    """A file system of fsspec that counts what it is asked for."""

    def __init__(self, files: Any) -> None:
        self.files = files
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        if name in REQUESTS:
            self.asked[REQUESTS[name]] += 1
        return getattr(self.files, name)


def draw_one(folder: Path, place: int) -> str:
    """Draw a dish into its class's folder; its row of the table of boxes."""
    label, number = LABELS[place % len(LABELS)], place // len(LABELS)
    box, width, height = true_box(0, label, number)
    path = folder / "photos" / label / f"{label}-{number}.jpg"
    draw(compose(0, label, number)).convert("RGB").save(path, quality=88)
    edges = ",".join(str(round(edge)) for edge in box)
    return f"{path.name},{width},{height},{label},{edges}"


def draw_all(folder: Path, count: int) -> None:
    """The pictures, in all processes, and boxes.csv."""
    for label in LABELS:
        (folder / "photos" / label).mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(partial(draw_one, folder), range(count), chunksize=8))
    head = "filename,width,height,class,xmin,ymin,xmax,ymax"
    (folder / "boxes.csv").write_text("\n".join([head, *rows]) + "\n")


def run_stages(folder: Path, store: Store, *, trains: bool) -> Iterator[Cost]:
    """Each stage in turn on what the one before has given, as the flow has them."""
    labels, measured = tuple(LABELS), partial(measure, store)
    classes = tuple(FoodClass(name=label) for label in labels)
    request = CollectRequest(classes, Collect(folder=folder / "photos", min_per_class=1))
    found, cost = measured("collect (a folder)", lambda: collect(request, store).manifest)
    yield cost
    sound, cost = measured("inspect", lambda: inspect(found, store, Inspect(), "phash"))
    yield cost
    distinct, cost = measured("dedup: fingerprints", lambda: dedup(sound, store, Dedup()).manifest)
    yield cost
    boxes = Crop(boxes=folder / "boxes.csv")
    cut, cost = measured("crop", lambda: crop(distinct, store, boxes, labels).manifest)
    yield cost
    parted = split(cut, Split(), labels)
    training = (kept_rows(parted)["split"] == "train").sum()
    many = Augment(per_class=int(training / len(labels) * (1 + COPIES)))
    grown, cost = measured("augment", lambda: augment(parted, store, many, labels))
    yield cost
    if trains:
        cache = folder / "pixels"
        cache.mkdir(exist_ok=True)
        learn = partial(train, grown, store, labels, cache=cache)
        yield measured("train: decode, trunk", lambda: learn(settings=Train(**TRAIN)))[1]
        more = Train(**(TRAIN | {"epochs": 4}))
        # what the trunk gives is remembered: this is three epochs more, and those that were
        _, cost = measured("train: an epoch", lambda: learn(settings=more))
        yield Cost(cost.stage, cost.seconds / 4, cost.grown, cost.asked)


def read_back(manifest: pd.DataFrame, store: Store) -> pd.DataFrame:
    """Write a manifest and read it, as each stage does."""
    return load_manifest(save_manifest(manifest, store, "scale"), store)


def measure(store: Store, stage: str, work: Callable[[], Any]) -> tuple[Any, Cost]:
    """The result of `work` and what it took."""
    counted = getattr(store._keeper, "_files", None)
    asked = Counter(counted.asked) if isinstance(counted, Counting) else Counter[str]()
    before = held(store)
    begun = worked()
    result = work()
    seconds = worked() - begun
    after = dict(counted.asked - asked) if isinstance(counted, Counting) else {}
    return result, Cost(stage, seconds, held(store) - before, after)


def worked() -> float:
    """Seconds that processors have worked for this process and for those it has ended."""
    return sum(os.times()[:4])


def held(store: Store) -> int:
    """Bytes of a store in a folder."""
    if not isinstance(store.root, Path):
        return 0
    return sum(file_sizes(store.root))


def spent(folder: Path) -> list[Cost]:
    """All stages on the pictures there."""
    return list(run_stages(folder, Store(folder / "store"), trains=True))


def requested(folder: Path) -> list[Cost]:
    """The data half on an object store in memory, with its requests counted."""
    store = Store(f"memory://{folder.name}")
    keeper: Any = store._keeper
    keeper._files = Counting(keeper._files)
    return list(run_stages(folder, store, trains=False))


def measure_all() -> tuple[list[list[Cost]], list[list[Cost]]]:
    """Costs at each size, in processes of their own: on this machine, and in requests."""
    here, far = [], []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as place:
            draw_all(Path(place), size)
            here.append(in_process(spent, Path(place)))
            far.append(in_process(requested, Path(place)))
        print(f"{size} pictures done", file=sys.stderr)
    return here, far


def in_process(function: Callable[..., Any], *words: Any) -> Any:
    """What a function gives in a fresh process: nothing of another run is in memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *words).result()


def rates(few: list[Cost], many: list[Cost], pictures: int) -> list[Rate]:
    """What each picture more has cost; what does not grow is left out."""
    return [
        Rate(
            one.stage,
            max(0.0, other.seconds - one.seconds) / pictures,
            max(0, other.grown - one.grown) / pictures,
            {kind: (count - one.asked.get(kind, 0)) / pictures
             for kind, count in other.asked.items()},
        )
        for one, other in zip(few, many, strict=True)
    ]  # fmt: skip


def search_seconds(size: int) -> float:
    """Of a search among so many random hashes."""
    prints, _ = random_fingerprints(size)
    begun = worked()
    find_pairs(prints, Dedup())
    return worked() - begun


def seconds_a_pair(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Of the search, from the two largest: what is left is the start."""
    return 2 * (seconds[-1] - seconds[-2]) / (sizes[-1] ** 2 - sizes[-2] ** 2)


def full_manifest(count: int) -> pd.DataFrame:
    """As many rows as full as they are after crop, of these lengths."""
    row = {"label": "", "origin": "http://a.example/" + "x" * 60, "picture": "1" * 64,
           "hash": "3" * 16, "mirror_hash": "4" * 16, "state": "kept", "box": "10,20,300,400",
           "page": "http://b.example/" + "y" * 50}  # fmt: skip
    names = [digest_json(number) for number in range(count)]
    return new_manifest(
        [{**row, "id": name, "cluster": name, "label": LABELS[number % len(LABELS)]}
         for number, name in enumerate(names)]
    )  # fmt: skip


def table_costs(count: int) -> list[Cost]:
    """What only moves rows: split, and a table that is written and read as each stage does it."""
    manifest = full_manifest(count)
    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place))
        return [
            measure(store, "split", lambda: split(manifest, Split(), LABELS))[1],
            measure(store, "a table, each stage", lambda: read_back(manifest, store))[1],
        ]


def in_time(seconds: float) -> str:
    """In the unit that people would take."""
    for unit, size in (("years", 31_557_600), ("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"


def time_rows(found: Iterable[Rate], pair: float, many: float) -> Iterator[list[str]]:
    """A row for each stage: a picture's time, how it grows, and the time at each goal."""
    for rate in found:
        who = "workers" if rate.stage in SPREAD else "one machine"
        cores = 1 if rate.stage in SINGLE else CORES
        times = [in_time(rate.seconds / cores * goal) for goal in GOALS]
        yield [rate.stage, f"{rate.seconds * 1000:.3g} ms", "n", who, *times]
        if rate.stage == "dedup: fingerprints":
            squares = [
                in_time(pair / CORES * goal**2 / 2) if goal <= EXACT else "" for goal in GOALS
            ]
            yield ["dedup: all pairs", f"{pair * 1e9:.2f} ns a pair", "n²", "one machine", *squares]
            beyond = [in_time(many / CORES * goal) if goal > EXACT else "" for goal in GOALS]
            yield ["dedup: by windows", f"{many * 1000:.3g} ms", "n", "workers", *beyond]


def memory_rows(row: float) -> Iterator[list[str]]:
    """What has to lie in the memory of the machine that asks."""
    prints = 2 * 8 + 32 * 32 * 3
    for what, size in (
        ("the manifest, as pandas", row),
        ("the same with two copies, which a stage is assumed to make", 3 * row),
        ("fingerprints that dedup compares", prints),
    ):
        yield [what, f"{size:,.0f} B", *(format_bytes(size * goal) for goal in GOALS)]


def store_rows(found: Iterable[Rate], asked: Iterable[Rate]) -> Iterator[list[str]]:
    """What the store grows by, and what an object store is asked for."""
    requests = {rate.stage: rate.asked for rate in asked}
    for rate in found:
        if rate.stage not in requests:
            continue
        kinds = [f"{requests[rate.stage].get(kind, 0):.2f}" for kind in REQUESTS.values()]
        total = sum(requests[rate.stage].values()) * GOALS[1]
        grown = format_bytes(rate.grown * GOALS[1])
        yield [
            rate.stage,
            f"{rate.grown / 1000:,.1f} kB",
            grown,
            *kinds,
            f"{total / 1e6:.1f} million",
        ]


def invoice_rows(
    found: Iterable[Rate], asked: Iterable[Rate], many: float, prices: Mapping[str, float]
) -> Iterator[list[str]]:
    """What a run from nothing costs, and a month of what it leaves; all extrapolated."""
    found, requests = list(found), Counter[str]()
    for rate in asked:
        requests.update(rate.asked)
    hours = (sum(rate.seconds for rate in found) + many) / 3600
    gigabytes = sum(rate.grown for rate in found) / 1e9
    writing = (requests["PUT"] + requests["LIST"]) / 1000
    reading = (requests["GET"] + requests["HEAD"]) / 1000
    for goal in INVOICED:
        work = goal * hours * prices["core_hour"]
        told = goal * (writing * prices["thousand_puts"] + reading * prices["thousand_gets"])
        month = goal * gigabytes * prices["gigabyte_month"]
        cells = f"{goal * hours:,.0f} core hours: {work:,.2f}", f"{told:,.2f}", f"{month:,.2f}"
        yield [f"{goal:,}", *cells]


def main() -> None:
    """Measure, fit, and print three tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", type=Path, help=f"also put the tables here, between {MARKS}")
    for name, price in PRICES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=price,
                            help=f"US$; default {price}")  # fmt: skip
    options = parser.parse_args()
    prices = {name: getattr(options, name) for name in PRICES}
    begun = time.perf_counter()
    here, far = measure_all()
    seconds = [in_process(search_seconds, size) for size in HASHES]
    pair = seconds_a_pair(HASHES, seconds)
    many = in_process(search_seconds, MANY) / MANY
    pictures = SIZES[1] - SIZES[0]
    tables = rates(*(table_costs(size) for size in ROWS), ROWS[1] - ROWS[0])
    found, asked = rates(*here, pictures) + tables, rates(*far, pictures)
    row = float(full_manifest(ROWS[0]).memory_usage(deep=True).sum() / ROWS[0])
    goals = [f"{goal:,}, extrapolated" for goal in GOALS]
    # the kernel's name says nothing to others
    machine = ", ".join(word for word in describe_machine().split(", ") if "Linux" not in word)
    kinds = [f"{kind} a picture, measured" for kind in REQUESTS.values()]
    told = "\n".join([
        f"Measured on {machine}: stages on {SIZES[0]} and {SIZES[1]} drawn pictures, "
        f"tables of {ROWS[0]:,} and {ROWS[1]:,} rows, the search on {HASHES[0]:,} and "
        f"{HASHES[1]:,} random hashes, and on {MANY:,}; times beyond the first column are for "
        f"{CORES} cores. All beyond is extrapolated.\n",
        as_table(["stage", "a picture, one core, measured", "grows as", "where", *goals],
                 time_rows(found, pair, many)),
        as_table(["in memory at once", "a picture, measured", *goals], memory_rows(row)),
        as_table(["stage", "store grows, a picture, measured", "at 1 million, extrapolated", *kinds,
                  "all, at 1 million, extrapolated"],
                 store_rows(found, asked)),
        "At " + ", ".join(f"{price} US$ a {name.replace('_', ' ').removesuffix('s')}"
                          for name, price in prices.items())
        + " (an example; `--core-hour` and the like change it), extrapolated:\n",
        as_table(["pictures", "computing, US$", "requests of an object store, US$",
                  "a month in the store, US$"], invoice_rows(found, asked, many, prices)),
    ])  # fmt: skip
    print(told)
    print(f"in {time.perf_counter() - begun:.0f} s")
    if options.page:
        before, _, rest = options.page.read_text().partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        options.page.write_text(f"{before}{MARKS[0]}\n\n{told}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
