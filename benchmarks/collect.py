"""Fetches the same 2,000 pictures with img2dataset and with foodcls, in turn.

    python benchmarks/collect.py                    # three runs each
    python benchmarks/collect.py --pictures 200 --runs 1

A server in a process of its own answers on loopback, 20 ms late, and refuses one URL in fifty (404
and 500 in turn). img2dataset runs with 2 processes of 32 threads and neither resizes nor, unless
told to, encodes anew; foodcls with 64 connections. Both try a failure twice again. foodcls does all
that it does for a recipe: addresses checked as they are connected to, robots' headers heeded,
bodies bounded, formats recognised by their bytes, digests, a typed outcome remembered for each URL.
The clock counts a run as a whole process, and its steady part: img2dataset's own count of its
shards, and foodcls from the call of `collect` to the last picture. foodcls pauses before it tries a
failure again (the last one here, some 2 s after the last picture): that is part of the whole.
"""

import argparse
import asyncio
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from answering import answer_forever, answering
from peers import CACHE, busy, describe_machine, peer_bin, peer_version
from PIL import Image

from foodcls.collect.collect import CollectRequest, collect
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.store.store import Store

PEER = ("img2dataset==1.47.*", "pandas<3", "albumentations<2")
PROCESSES, THREADS = 2, 32
LATENCY = 0.02  # seconds
REFUSED = 50  # one URL in so many
RETRIES = 2
LABEL = "noise"


@dataclass(frozen=True)
class Run:
    """One run: pictures that arrived, seconds of the whole process and of its steady part."""

    pictures: int
    whole: float
    steady: float

    @property
    def rates(self) -> tuple[float, float]:
        """Pictures a second: whole, steady."""
        return self.pictures / self.whole, self.pictures / self.steady


def draw_picture(seed: int) -> bytes:
    """A JPEG of noise, some 30 kB, 4:2:0."""
    dice = np.random.default_rng(seed)
    coarse = Image.fromarray(dice.integers(0, 256, (15, 20, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((400, 300), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = dice.integers(-16, 17, (300, 400, 1), dtype=np.int16)
    buffer = io.BytesIO()
    pixels = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", quality=73, subsampling=2)
    return buffer.getvalue()


async def serve_pictures(count: int) -> None:
    """Draw the pictures, print the port and their mean size, then answer until killed."""
    pictures = [draw_picture(number) for number in range(count)]

    def find(name: bytes) -> tuple[str, bytes]:
        number = int(name) if name.isdigit() else REFUSED  # of robots.txt, none
        if number % REFUSED == 0:
            return "404 Not Found" if number // REFUSED % 2 else "500 Broken", b""
        return "200 OK", pictures[number]

    size = round(statistics.mean(map(len, pictures)))
    await answer_forever(find, latency=LATENCY, told=str(size))


@contextmanager
def serving(count: int) -> Iterator[tuple[list[str], int]]:
    """The URLs of a server in a process of its own, and the mean size of a picture in bytes."""
    with answering(__file__, "--answer", "--pictures", count) as line:
        port, size = map(int, line.split())
        yield [f"http://127.0.0.1:{port}/{number}.jpg" for number in range(count)], size


def run_peer(programs: Path, urls: list[str], folder: Path, *, encodes: bool) -> Run:
    """Let img2dataset fetch the URLs as its users do."""
    table, output = folder / "urls.txt", folder / "pictures"
    table.write_text("\n".join(urls) + "\n")
    settings = {
        "url_list": table,
        "output_folder": output,
        "output_format": "files",
        "resize_mode": "no",
        "processes_count": PROCESSES,
        "thread_count": THREADS,
        "number_sample_per_shard": -(-len(urls) // PROCESSES),
        "retries": RETRIES,
        "disable_all_reencoding": not encodes,
    }
    words = [f"--{name}={value}" for name, value in settings.items()]
    whole = _timed([programs / "img2dataset", *words])
    parts = [json.loads(path.read_text()) for path in output.glob("*_stats.json")]
    steady = max(part["end_time"] for part in parts) - min(part["start_time"] for part in parts)
    return Run(sum(part["successes"] for part in parts), whole, steady)


def run_foodcls(urls: list[str], folder: Path) -> Run:
    """Let foodcls fetch the URLs into an empty store."""
    rows = "".join(f"{LABEL},{url}\n" for url in urls)
    (folder / "urls.csv").write_text(f"label,url\n{rows}")
    whole = _timed([sys.executable, __file__, "--fetch", folder])
    told = json.loads((folder / "told.json").read_text())
    return Run(told["pictures"], whole, told["seconds"])


def fetch(folder: Path) -> None:
    """Be the process that `run_foodcls` times."""
    settings = Collect(
        urls=folder / "urls.csv",
        allow_private_hosts=True,
        min_per_class=0,
        retries=RETRIES,
        connections=PROCESSES * THREADS,
        per_host=PROCESSES * THREADS,
    )
    arrivals: list[float] = []

    def track(items: Iterable[Any], total: int, label: str, forecast: Any = None) -> Iterator[Any]:
        for item in items:
            if getattr(item, "outcome", None) == "ok":
                arrivals.append(time.perf_counter())
            yield item

    started = time.perf_counter()
    request = CollectRequest((FoodClass(name=LABEL),), settings)
    manifest = collect(request, Store(folder / "store"), track).manifest
    told = {
        "seconds": max(arrivals) - started,
        "pictures": int((manifest["outcome"] == "ok").sum()),
    }
    (folder / "told.json").write_text(json.dumps(told))


def _timed(words: list[str | Path]) -> float:
    started = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # its update check would wait for a network that a benchmark does not need
    subprocess.run(words, check=True, env=os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1"}, **quiet)
    return time.perf_counter() - started


def compare(tools: dict[str, Callable[[Path], Run]], runs: int) -> dict[str, list[Run]]:
    """Run the tools in turn, each time in an empty folder, and print what each took."""
    done: dict[str, list[Run]] = {name: [] for name in tools}
    for number in range(1, runs + 1):
        for name, tool in tools.items():
            folder = Path(tempfile.mkdtemp(prefix="foodcls-collect-"))
            run = tool(folder)
            shutil.rmtree(folder)
            done[name].append(run)
            whole, steady = run.rates
            print(
                f"run {number}  {name:<27} {run.pictures} pictures  whole {run.whole:5.2f} s, "
                f"{whole:4.0f}/s  steady {run.steady:5.2f} s, {steady:4.0f}/s  ({busy()})",
                flush=True,
            )
    return done


def medians(runs: list[Run]) -> tuple[float, float]:
    """Pictures a second of the median run: whole, steady."""
    whole, steady = zip(*(run.rates for run in runs), strict=True)
    return statistics.median(whole), statistics.median(steady)


def main() -> None:
    """Serve, run each tool in turn, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the peer is installed")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--fetch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        asyncio.run(serve_pictures(options.pictures))
    elif options.fetch:
        fetch(options.fetch)
    else:
        report(options.pictures, options.runs, options.cache)


def report(count: int, runs: int, cache: Path) -> None:
    """Print machine, runs and ratios; the last line is the ratio that favours foodcls least."""
    programs = peer_bin("img2dataset", PEER, cache)
    print(f"{describe_machine()}; img2dataset {peer_version(programs, 'img2dataset')}")
    with serving(count) as (urls, size):
        print(
            f"{count} JPEGs of {size / 1000:.0f} kB on loopback, {LATENCY * 1000:.0f} ms late, "
            f"one in {REFUSED} refused; {RETRIES} retries"
        )
        tools: dict[str, Callable[[Path], Run]] = {
            "img2dataset": lambda folder: run_peer(programs, urls, folder, encodes=True),
            "img2dataset, bytes as sent": lambda folder: run_peer(
                programs, urls, folder, encodes=False
            ),
            "foodcls": lambda folder: run_foodcls(urls, folder),
        }
        done = compare(tools, runs)
    own = medians(done.pop("foodcls"))
    ratios = []
    for name, peer in done.items():
        for part, mine, theirs in zip(("whole", "steady"), own, medians(peer), strict=True):
            ratios.append(mine / theirs)
            print(f"{part:<7} foodcls {mine:.0f}/s, {name} {theirs:.0f}/s: {mine / theirs:.2f}")
    print(f"foodcls / img2dataset = {min(ratios):.2f}")


if __name__ == "__main__":
    main()
