"""Looks for the same pictures with imagededup's PHash and with foodcls, on the same files.

    python benchmarks/dedup.py PHOTOS               # hash and search in turn, then scores
    python benchmarks/dedup.py PHOTOS --growth 1000 10000 100000 1000000

PHOTOS holds index.csv (path,label,kind,source) and the files it names. kind (original,
near_duplicate:EDIT, exact_duplicate, unrelated, broken) and source, the file that a copy was made
from, are the ground truth for both; they are no input.

Files to pairs: both read and hash each file, on all cores, and search all pairs. foodcls decodes
no finer than its fingerprints need, as `foodcls duplicates` does (foodcls.image.draft_decode);
on top of imagededup's hash it takes the mirrored hash and a thumbnail that confirms a hit.
imagededup searches at distance 10, foodcls at its default. In a run of the pipeline `inspect`
has each picture decoded in full already: what dedup adds there is timed and scored by itself.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from peers import CACHE, busy, describe_machine, peer_bin, peer_version, process_memory
from PIL import Image

from foodcls.dedup.pairs import REACH, SAME, Pairs, PairSearch, find_pairs
from foodcls.image.decode import BadPicture, decode
from foodcls.image.draft_decode import fingerprint_files
from foodcls.image.hashes import Fingerprints, fingerprint, pack_fingerprints
from foodcls.recipe.data_settings import Dedup, Inspect

# the last release; newer pandas and Pillow are fine with it
PEER = ("imagededup==0.3.3.post2",)
PEER_DISTANCE = 10
PLANTED = 100  # near neighbours among random hashes
BRUTE = 100_000  # hashes of which all pairs are checked one by one

Names = set[tuple[str, str]]


@dataclass(frozen=True)
class Run:
    """What one run took in seconds, and the pairs of file names it calls the same."""

    hash: float
    search: float
    pairs: Names

    @property
    def seconds(self) -> float:
        """Hash and search."""
        return self.hash + self.search


def run_peer(programs: Path, pictures: Path) -> Run:
    """Let imagededup hash and search, in its own environment; start and imports do not count."""
    script = Path(__file__).with_name("imagededup_pairs.py")
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        words = [programs / "python", script, pictures, str(PEER_DISTANCE), answer]
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        told = json.loads(answer.read_text())
    return Run(told["hash"], told["search"], {(one, other) for one, other in told["pairs"]})


def run_foodcls(pictures: Path) -> Run:
    """Skim the files and search, as imagededup does."""
    begun = time.perf_counter()
    scanned = fingerprint_files(sorted(pictures.iterdir()), Dedup().hash, Inspect().max_pixels)
    hashed = time.perf_counter()
    found = find_pairs(scanned.prints, Dedup())
    ended = time.perf_counter()
    names = [path.name for path in scanned.paths]
    return Run(hashed - begun, ended - hashed, name_pairs(found.pairs, names))


def run_pipeline(pictures: Path) -> tuple[Run, PairSearch]:
    """What dedup adds to a run: fingerprints and search; decoding is not timed.

    A hundred pictures at a time are in memory.
    """
    paths, names, prints, seconds = sorted(pictures.iterdir()), [], [], 0.0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(paths), 100):
            part = paths[start : start + 100]
            sound = [(path.name, image) for path, image in zip(part, pool.map(_decoded, part),
                                                               strict=True) if image]  # fmt: skip
            begun = time.perf_counter()
            prints += pool.map(lambda pair: fingerprint(pair[1], Dedup().hash), sound)
            seconds += time.perf_counter() - begun
            names += [name for name, _ in sound]
    begun = time.perf_counter()
    found = find_pairs(pack_fingerprints(prints), Dedup())
    return Run(seconds, time.perf_counter() - begun, name_pairs(found.pairs, names)), found


def _decoded(path: Path) -> Image.Image | None:
    limits = Inspect()
    try:
        return decode(path.read_bytes(), limits.max_pixels, limits.min_side).image
    except BadPicture:
        return None


def name_pairs(pairs: Pairs, names: list[str]) -> Names:
    """The pairs that are the same, by file name."""
    same = pairs.pick(pairs.correlation >= SAME)
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

    Gray pictures of 96x96 that correlate, straight or mirrored, whole or without a margin.
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
    """Search among random hashes with planted neighbours, each size in a process of its own."""
    print("random hashes   seconds   peak memory   planted found   against brute force")
    for size in sizes:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            seconds, mebibytes, hits, equal = pool.submit(grow, size).result()
        print(f"{size:13,}   {seconds:7.2f}   {mebibytes:7,} MiB   {hits:6} of {PLANTED}   "
              f"{equal}   ({busy()})", flush=True)  # fmt: skip


def grow(size: int) -> tuple[float, int, int, str]:
    """Seconds of the search, peak memory in MiB, planted pairs found, and the check in words."""
    prints, planted = random_fingerprints(size)
    begun = time.perf_counter()
    found = find_pairs(prints, Dedup())
    seconds = time.perf_counter() - begun
    memory = process_memory("VmHWM") // 1024
    ends = zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True)
    return seconds, memory, len(planted & set(ends)), _check(prints, found)


def random_fingerprints(size: int) -> tuple[Fingerprints, set[tuple[int, int]]]:
    """Random fingerprints; a planted one differs from another by a few bits and no pixel."""
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
    prints = Fingerprints(hashes, mirrors, thumbs.repeat(8, axis=1).repeat(8, axis=2))
    return prints, set(zip(lefts.tolist(), rights.tolist(), strict=True))


def _check(prints: Fingerprints, found: PairSearch) -> str:
    if len(prints) > BRUTE:
        return f"not checked above {BRUTE:,}"
    seen = np.add(found.distances.confirmed, found.distances.vetoed)
    wanted = brute_force(prints)
    word = "equal" if np.array_equal(seen, wanted) else "DIFFERENT"
    return f"{word}: {wanted.sum():,} pairs within {REACH} bits"


def brute_force(prints: Fingerprints) -> np.ndarray:
    """How many pairs lie at each distance up to REACH, one picture against all after another."""
    counts = np.zeros(REACH + 1, int)
    for one in range(len(prints)):
        hashes, mirrors = prints.hashes[one + 1 :], prints.mirrors[one + 1 :]
        # mirrored is what the lower hash is from the other's mirror image
        is_lower = prints.hashes[one] < hashes
        turned = np.where(is_lower, prints.hashes[one] ^ mirrors, hashes ^ prints.mirrors[one])
        straight = np.bitwise_count(prints.hashes[one] ^ hashes)
        nearest = np.minimum(straight, np.bitwise_count(turned))
        counts += np.bincount(nearest[nearest <= REACH], minlength=REACH + 1)
    return counts


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
    done: dict[str, list[Run]] = {"imagededup": [], "foodcls": []}
    for number in range(1, options.runs + 1):
        done["imagededup"].append(run_peer(programs, pictures))
        done["foodcls"].append(run_foodcls(pictures))
        for name, runs in done.items():
            run = runs[-1]
            print(f"run {number}  {name:<10}  hash {run.hash:5.2f} s  search {run.search:5.2f} s  "
                  f"({busy()})", flush=True)  # fmt: skip
    own, found = run_pipeline(pictures)
    print(f"in the pipeline, after decoding: fingerprints {own.hash:.2f} s, "
          f"search {own.search:.2f} s ({busy()})")  # fmt: skip
    scored = {name: runs[0].pairs for name, runs in done.items()}
    for name, pairs in (scored | {"foodcls in the pipeline": own.pairs}).items():
        print(f"\n{name}")
        for what, value in score(pairs, truth, pictures):
            print(f"  {what:<38} {value}")
    print("\nbits   confirmed   vetoed")
    counts = zip(found.distances.confirmed, found.distances.vetoed, strict=True)
    for bits, (same, other) in enumerate(counts):
        if same or other:
            print(f"{bits:4}   {same:9}   {other:6}")
    print(f"vetoed within the default distance: {found.distances.vetoed_within}\n")
    show_growth(options.growth)
    peer, mine = (statistics.median(run.seconds for run in done[name]) for name in done)
    print(
        f"\nimagededup {peer:.2f} s, foodcls {mine:.2f} s for hash and search of {len(truth)} files"
    )
    print(f"imagededup / foodcls = {peer / mine:.2f} (time)")


if __name__ == "__main__":
    main()
