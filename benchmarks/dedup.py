"""Looks for the same pictures with imagededup's PHash and with foodcls, on the same files.

    python benchmarks/dedup.py PHOTOS               # hash and search in turn, then scores
    python benchmarks/dedup.py PHOTOS --growth 1000 10000 100000

PHOTOS holds index.csv (path,label,kind,source) and the files it names. kind (original,
near_duplicate:EDIT, exact_duplicate, unrelated, broken) and source, the file that a copy was made
from, are the ground truth for both; they are no input. Both read, decode and hash each file, on all
cores, and search all pairs; foodcls does on top what confirms a hit (pixels, thumbnails, mirrored
hash) and what refuses a broken file. imagededup searches at distance 10, foodcls at its default.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from peers import CACHE, busy, describe_machine, peer_bin, peer_version
from PIL import Image

from foodcls.curate.alike import REACH, SAME, Pairs, find_pairs
from foodcls.curate.decode import BadPicture, decode
from foodcls.curate.hashes import Look, look_at
from foodcls.settings import Dedup, Inspect

# the last release; newer pandas and Pillow are fine with it
PEER = ("imagededup==0.3.3.post2",)
PEER_DISTANCE = 10
PLANTED = 100  # near neighbours among random hashes

Names = set[tuple[str, str]]


@dataclass(frozen=True)
class Found:
    """What one run took in seconds, and the pairs of file names it calls the same."""

    hash: float
    search: float
    pairs: Names

    @property
    def seconds(self) -> float:
        """Hash and search."""
        return self.hash + self.search


def run_peer(programs: Path, pictures: Path) -> Found:
    """Let imagededup hash and search, in its own environment; start and imports do not count."""
    script = Path(__file__).with_name("imagededup_pairs.py")
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        words = [programs / "python", script, pictures, str(PEER_DISTANCE), answer]
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        told = json.loads(answer.read_text())
    return Found(told["hash"], told["search"], {(one, other) for one, other in told["pairs"]})


def run_foodcls(pictures: Path) -> Found:
    """Do what the stages inspect and dedup do of hashing and searching."""
    begun = time.perf_counter()
    paths = sorted(pictures.iterdir())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = dict(zip(paths, pool.map(look_up, paths), strict=True))
    sound = {path.name: look for path, look in looks.items() if look is not None}
    hashed = time.perf_counter()
    found = find_pairs(list(sound.values()), Dedup().distance)
    ended = time.perf_counter()
    return Found(hashed - begun, ended - hashed, name_pairs(found, list(sound)))


def look_up(path: Path) -> Look | None:
    """Read, decode and hash a file; None for a broken one."""
    settings = Inspect()
    try:
        picture = decode(path.read_bytes(), settings.max_pixels, settings.min_side)
    except BadPicture:
        return None
    return look_at(picture.image, Dedup().hash)


def name_pairs(pairs: Pairs, names: list[str]) -> Names:
    """The pairs that are the same, by file name."""
    same = pairs.pick(pairs.likeness >= SAME)
    ends = zip(same.left.tolist(), same.right.tolist(), strict=True)
    return {(min(names[i], names[j]), max(names[i], names[j])) for i, j in ends}


def read_truth(photos: Path) -> pd.DataFrame:
    """The index by file name, with `root`: the original that a file was made from."""
    index = pd.read_csv(photos / "index.csv", dtype=str, keep_default_na=False)
    index["name"] = index["path"].map(lambda path: Path(path).name)
    sources = dict(zip(index["path"], index["source"], strict=True))
    index["root"] = [_root(path, sources) for path in index["path"]]
    return index.set_index("name")


def _root(path: str, sources: dict[str, str]) -> str:
    while sources.get(path):
        path = sources[path]
    return path


def score(found: Names, truth: pd.DataFrame, pictures: Path) -> Iterator[tuple[str, str]]:
    """Recall by planted edit, and what the pairs found are, by the truth and by thumbnails."""
    names = dict(zip(truth["path"], truth.index, strict=True))
    near = truth[truth["kind"].str.startswith("near_duplicate")]
    for kind, rows in [("near duplicates", near), *near.groupby("kind"),
                       ("exact copies", truth[truth["kind"] == "exact_duplicate"])]:  # fmt: skip
        ends = ((name, names[source]) for name, source in rows["source"].items())
        hits = sum((min(pair), max(pair)) in found for pair in ends)
        yield f"recall, {kind}", f"{hits} of {len(rows)} = {hits / len(rows):.3f}"
    root, label = truth["root"].to_dict(), truth["label"].to_dict()
    known = {pair for pair in found if root[pair[0]] == root[pair[1]]}
    strange = found - known
    alike = {pair for pair in strange if shows_same(pictures / pair[0], pictures / pair[1])}
    across = {pair for pair in found if label[pair[0]] != label[pair[1]]}
    yield "pairs", f"{len(found)}: {len(known)} planted, {len(strange)} unknown to the truth"
    yield "  unknown, alike in their pixels", str(len(alike))
    yield "  unknown, not alike", f"{len(strange - alike)} {sorted(strange - alike)[:3]}"
    yield "precision, the unlike being wrong", f"{1 - len(strange - alike) / len(found):.4f}"
    yield "pairs across labels", f"{len(across)}, {len(across & (strange - alike))} of them unlike"


def shows_same(one: Path, other: Path) -> bool:
    """Whether two files' pixels say so, by another measure than either tool's.

    Grey pictures of 96x96 that correlate, straight or mirrored, whole or without a margin.
    """
    first, second = (_grey(path) for path in (one, other))
    return max(_best_fit(first, second), _best_fit(second, first)) >= 0.9


def _grey(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("L").resize((192, 192), Image.Resampling.BOX)


def _best_fit(whole: Image.Image, part: Image.Image) -> float:
    target = np.asarray(part.resize((96, 96), Image.Resampling.BOX), dtype=float).ravel()
    best = -1.0
    for margin in (0, 4, 8, 12, 16):
        box = (margin, margin, 192 - margin, 192 - margin)
        cut = np.asarray(whole.resize((96, 96), Image.Resampling.BOX, box), dtype=float)
        for turned in (cut, cut[:, ::-1]):
            best = max(best, float(np.corrcoef(turned.ravel(), target)[0, 1]))
    return best


def show_growth(sizes: Iterable[int]) -> None:
    """Search among random hashes with planted neighbours; check a sample by brute force."""
    print("random hashes   seconds   planted found   hashes checked by brute force   all equal")
    for size in sizes:
        looks, planted = random_looks(size)
        begun = time.perf_counter()
        pairs = find_pairs(looks, Dedup().distance)
        seconds = time.perf_counter() - begun
        found = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
        sample = np.unique(np.linspace(0, size - 1, 200).astype(int))
        wanted = {pair for pair in brute_force(looks, sample) if pair[0] < pair[1]}
        chosen = set(sample.tolist())
        equal = {pair for pair in found if pair[0] in chosen} == wanted
        hits = len(planted & found)
        print(f"{size:13,}   {seconds:7.2f}   {hits:6} of {len(planted):3}   "
              f"{len(sample):29}   {equal}   ({busy()})", flush=True)  # fmt: skip


def random_looks(size: int) -> tuple[list[Look], set[tuple[int, int]]]:
    """Looks with random hashes and thumbnails; a planted one differs by a few bits and no pixel."""
    dice = np.random.default_rng(size)
    hashes = dice.integers(0, 2**64, size, dtype=np.uint64)
    mirrors = dice.integers(0, 2**64, size, dtype=np.uint64)
    thumbs = dice.integers(0, 256, (size, 4, 4, 3), dtype=np.uint8)
    lefts = dice.choice(size // 2, PLANTED, replace=False)
    rights = size // 2 + dice.choice(size // 2, PLANTED, replace=False)
    for bits, left, right in zip(np.arange(PLANTED) % (REACH + 1), lefts, rights, strict=True):
        flipped = sum(1 << int(bit) for bit in dice.choice(64, bits, replace=False))
        hashes[right] = hashes[left] ^ np.uint64(flipped)
        thumbs[right] = thumbs[left]
    looks = [
        Look(f"{one:016x}", f"{other:016x}", str(number), _signature(thumb))
        for number, (one, other, thumb) in enumerate(zip(hashes, mirrors, thumbs, strict=True))
    ]
    return looks, set(zip(lefts.tolist(), rights.tolist(), strict=True))


def _signature(thumb: np.ndarray) -> str:
    return b64encode(thumb.repeat(8, axis=0).repeat(8, axis=1).tobytes()).decode()


def brute_force(looks: list[Look], sample: np.ndarray) -> Iterator[tuple[int, int]]:
    """The pairs of the sampled looks, each held against all others one by one."""
    hashes = np.array([int(look.hash, 16) for look in looks], np.uint64)
    mirrors = np.array([int(look.mirror_hash, 16) for look in looks], np.uint64)
    for one in sample.tolist():
        straight = np.bitwise_count(hashes ^ hashes[one])
        turned = np.minimum(
            np.bitwise_count(hashes ^ mirrors[one]), np.bitwise_count(mirrors ^ hashes[one])
        )
        for other in np.flatnonzero(np.minimum(straight, turned) <= REACH).tolist():
            pair = [replace(looks[one]), replace(looks[other])]
            if one < other and len(find_pairs(pair, Dedup().distance).left):
                yield one, other


def main() -> None:
    """Run both in turn, score both, show the growth, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the peer is installed")
    options = parser.parse_args()
    programs = peer_bin("imagededup", PEER, options.cache)
    print(f"{describe_machine()}; imagededup {peer_version(programs, 'imagededup')}")
    pictures = options.photos / "images"
    truth = read_truth(options.photos)
    done: dict[str, list[Found]] = {"imagededup": [], "foodcls": []}
    for number in range(1, options.runs + 1):
        done["imagededup"].append(run_peer(programs, pictures))
        done["foodcls"].append(run_foodcls(pictures))
        for name, runs in done.items():
            run = runs[-1]
            print(f"run {number}  {name:<10}  hash {run.hash:5.2f} s  search {run.search:5.2f} s  "
                  f"({busy()})", flush=True)  # fmt: skip
    for name, runs in done.items():
        print(f"\n{name}")
        for what, value in score(runs[0].pairs, truth, pictures):
            print(f"  {what:<38} {value}")
    print()
    show_growth(options.growth)
    peer, own = (statistics.median(run.seconds for run in done[name]) for name in done)
    print(
        f"\nimagededup {peer:.2f} s, foodcls {own:.2f} s for hash and search of {len(truth)} files"
    )
    print(f"imagededup / foodcls = {peer / own:.2f} (time)")


if __name__ == "__main__":
    main()
