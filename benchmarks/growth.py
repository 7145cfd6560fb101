"""Searches for duplicates among so many pictures, and says how many of the planted are found.

    python benchmarks/growth.py PHOTOS --sizes 10000 100000 1000000 4000000

Pictures are mixtures of two of the photos in PHOTOS/images, at the size of thumbnails; 2,000 of
them are crops of others (86 to 100 % of the side, a quarter mirrored, with noise). What of them is
the same or alike is told by a search of all pairs among these 4,000 alone: the truth for recall.
Thumbnails lie in a file, 3 KiB a picture, which the peak memory leaves out. Seconds are those of
the clock and of the processors; the exponent of growth is of the latter, as others may work here.
"""

import argparse
import math
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import Process
from pathlib import Path
from typing import Any

import numpy as np
from peers import busy, describe_machine, process_memory

from foodcls.dedup.cells import share_here
from foodcls.dedup.confirm import BRIGHTNESS
from foodcls.dedup.correlation import make_stripes
from foodcls.dedup.hamming import search_hamming
from foodcls.dedup.pairs import ALIKE_BITS, EXACT, REACH, SAME, find_pairs
from foodcls.dedup.views import search_views
from foodcls.image.draft_decode import fingerprint_files
from foodcls.image.hashes import THUMBNAIL_SIDE, Fingerprints, hash_grays
from foodcls.recipe.data_settings import Dedup, Inspect

PLANTED = 2_000
TOGETHER = 4_096
SHAPE = (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)


def mix(photos: np.ndarray, dice: np.random.Generator, count: int) -> np.ndarray:
    """So many mixtures of two photos, flipped, tinted and of more contrast: uint8."""
    one, other = photos[dice.integers(0, len(photos), (2, count))].astype(np.float32)
    for axis in (1, 2):
        flipped = dice.random(count) < 0.5
        other[flipped] = np.flip(other[flipped], axis)
    share = dice.uniform(0.35, 0.65, (count, 1, 1, 1)).astype(np.float32)
    mixed = share * one + (1 - share) * other
    mean = mixed.mean(axis=(1, 2, 3), keepdims=True)
    tint = dice.uniform(0.85, 1.15, (count, 1, 1, 3))
    return np.asarray(np.clip(((mixed - mean) * 1.35 + mean) * tint, 0, 255).astype(np.uint8))


def crop_one(thumbnail: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """A window of it at the whole's size, with noise, at times mirrored: uint8."""
    scale = dice.uniform(0.86, 1)
    stripes = make_stripes(THUMBNAIL_SIDE, THUMBNAIL_SIDE, (scale,))
    rows, columns = stripes[dice.integers(1, 4, 2)]
    cut = np.einsum("ar,rck,bc->abk", rows, thumbnail.astype(np.float32), columns)
    cut = np.clip(cut + dice.normal(0, 2, cut.shape), 0, 255).astype(np.uint8)
    return cut[:, ::-1] if dice.random() < 0.25 else cut


def make_prints(photos: np.ndarray, size: int, file: Path) -> tuple[Fingerprints, np.ndarray]:
    """Fingerprints of mixtures, and places of PLANTED pictures with those of their crops."""
    dice = np.random.default_rng(size)
    thumbnails = np.lib.format.open_memmap(file, "w+", np.uint8, (size, *SHAPE))
    for start in range(0, size, TOGETHER):
        thumbnails[start : start + TOGETHER] = mix(photos, dice, min(TOGETHER, size - start))
    ends = np.stack([half + dice.choice(size // 2, PLANTED, replace=False)
                     for half in (0, size // 2)])  # fmt: skip
    for whole, cropped in ends.T:
        thumbnails[cropped] = crop_one(thumbnails[whole], dice)
    hashes = np.empty((2, size), np.uint64)
    for start in range(0, size, TOGETHER):
        part = slice(start, start + TOGETHER)
        hashes[:, part] = hash_grays((thumbnails[part] @ BRIGHTNESS).astype(np.uint8))
    return Fingerprints(*hashes, thumbnails), ends


def peak_while(work: Callable[[], Any]) -> tuple[Any, int]:
    """The result and the most memory in MiB, without that of mapped files."""
    peak, is_over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_over.wait(0.02):
            peak = max(peak, process_memory("RssAnon") // 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        return work(), peak
    finally:
        is_over.set()
        watcher.join()


def search(prints: Fingerprints) -> np.ndarray:
    """Places of pairs that are to be looked at closely, as one number each."""

    def judge(near: Any) -> np.ndarray:
        return np.asarray(near.left * len(prints) + near.right)

    if len(prints) > EXACT:
        found = list(search_views(prints, REACH, judge, share_here))
    else:
        found = list(search_hamming(prints.hashes, prints.mirrors, REACH, judge))
    return np.concatenate(found)


def measure(photos: np.ndarray, size: int, folder: Path) -> None:
    """Print a line for this size, and leave the seconds of processors in a file."""
    prints, ends = make_prints(photos, size, folder / "thumbnails.npy")
    few = ends.ravel()
    sample = Fingerprints(prints.hashes[few], prints.mirrors[few], prints.thumbnails[few])
    truth = find_pairs(sample, Dedup()).pairs
    truth = truth.pick(truth.left + PLANTED == truth.right)
    is_same = truth.correlation >= SAME
    wanted = few[truth.left] * size + few[truth.right]
    begun, worked = time.perf_counter(), time.process_time()
    found, peak = peak_while(lambda: search(prints))
    seconds, work = time.perf_counter() - begun, time.process_time() - worked
    # numpy's `isin` takes minutes of so many
    found.sort()
    hits = found.take(np.searchsorted(found, wanted), mode="clip") == wanted
    alike = ~is_same & (truth.distance <= Dedup().distance + ALIKE_BITS)
    told = [f"{hits[chosen].sum():,} of {chosen.sum():,}" for chosen in (is_same, alike)]
    print(f"{size:10,} | {seconds:7.1f} s | {work:7.1f} s | {peak:6,} MiB | {len(found):11,} | "
          f"{told[0]} | {told[1]} | {busy()}", flush=True)  # fmt: skip
    (folder / "work").write_text(str(work))


def main() -> None:
    """A line for each size, each in a process of its own, and the exponents between them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    files = sorted((options.photos / "images").iterdir())
    photos = fingerprint_files(files, Dedup().hash, Inspect().max_pixels).prints.thumbnails
    print(describe_machine())
    print("pictures | clock | processors | peak | looked at | same, found | alike, found | machine")
    spent: list[tuple[int, float]] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as place:
            process = Process(target=measure, args=(photos, size, Path(place)))
            process.start()
            process.join()
            spent.append((size, float((Path(place) / "work").read_text())))
    for (few, less), (many, more) in zip(spent, spent[1:], strict=False):
        grown = math.log(more / less) / math.log(many / few)
        print(f"from {few:,} to {many:,} pictures: exponent {grown:.2f}")


if __name__ == "__main__":
    main()
