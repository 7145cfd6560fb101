"""A web of small pictures of which it is known what each is: drawn into shards, served on loopback.

A picture is two pieces of the sample's drawn dishes of its class, mixed with a smooth field of
random colors, so that any two differ unless one was made from the other. Each has a number; what
a number stands for follows from how many there are and from the seed alone.
"""

import argparse
import asyncio
import io
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

import numpy as np
from answering import answer_forever
from PIL import Image, ImageOps

from foodcls.sample.dishes import LABELS
from foodcls.sample.file_bytes import HTML_AS_PICTURE
from foodcls.sample.scene import compose, draw
from foodcls.store.store import replacing

# how likely a number is of a kind; copies are of an original of any number, under its label
SHARES = {
    "original": 0.72, "exact": 0.04, "recompressed": 0.04, "cropped": 0.04, "mirrored": 0.04,
    "turned": 0.04, "stranger": 0.05, "truncated": 0.01, "html": 0.01, "gone": 0.01,
}  # fmt: skip
KINDS = tuple(SHARES)
COPIES = ("exact", "recompressed", "cropped", "mirrored", "turned")
BROKEN = ("truncated", "html", "gone")
SHARD = 10_000  # pictures of a shard; a kill of the drawing loses at most one for each process
DRAWN, SIDE = 8, 160  # drawings of each class, and their side in pixels
SIDES = (64, 97)  # of pictures
FIELD = 0.35  # share of the smooth field in a picture


@dataclass(frozen=True)
class Plan:
    """What each of n numbers stands for; int arrays of shape (n,)."""

    kind: np.ndarray  # place in KINDS
    family: np.ndarray  # the original that it is a copy of, or itself
    label: np.ndarray  # place in LABELS

    def is_of(self, *kinds: str) -> np.ndarray:
        """Which numbers are of one of these kinds: bool (n,)."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])


def make_plan(count: int, seed: int) -> Plan:
    """The plan of so many pictures."""
    dice = np.random.default_rng([seed, count])
    kind = dice.choice(len(KINDS), count, p=list(SHARES.values()))
    kind[: len(LABELS)] = 0
    family, originals = np.arange(count), np.flatnonzero(kind == 0)
    plan = Plan(kind, family, dice.integers(0, len(LABELS), count))
    copies = plan.is_of(*COPIES)
    family[copies] = dice.choice(originals, copies.sum())
    return Plan(kind, family, plan.label[family])


def address(number: int) -> str:
    """The path of a picture on the server."""
    return f"/{number // SHARD:04}/{number:09}.jpg"


def draw_dish(label: str, number: int) -> Image.Image:
    """A drawing of the sample, as large as is needed here."""
    return ImageOps.fit(draw(compose(0, label, number)).convert("RGB"), (SIDE, SIDE))


def draw_shards(folder: Path, count: int, seed: int, processes: int) -> None:
    """Draw the shards that are not there yet."""
    folder.mkdir(exist_ok=True)
    wanted = [number for number in range(-(-count // SHARD)) if not shard(folder, number).exists()]
    if not wanted:
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        places = [(label, number) for label in LABELS for number in range(DRAWN)]
        dishes = list(pool.map(draw_dish, *zip(*places, strict=True)))
        # few pictures are less than a shard, and are to be drawn by all
        parts = [
            (start, min(count, start + SHARD // 10))
            for number in wanted
            for start in range(number * SHARD, min(count, (number + 1) * SHARD), SHARD // 10)
        ]
        work = partial(draw_part, dishes, make_plan(count, seed), seed)
        sizes: list[int] = []
        data: list[bytes] = []
        for (_, end), files in zip(parts, pool.map(work, parts), strict=True):
            sizes += map(len, files)
            data += files
            if end % SHARD == 0 or end == count:
                write_shard(folder, (end - 1) // SHARD, data)
                data.clear()


def shard(folder: Path, number: int) -> Path:
    """Where a shard lies: the ends of its files, int64 (n,), and behind them their bytes."""
    return folder / f"{number:04}.npy"


def write_shard(folder: Path, number: int, files: list[bytes]) -> None:
    """Write it whole or not at all."""
    with replacing(shard(folder, number)) as part, part.open("wb") as file:
        np.save(file, np.cumsum([len(data) for data in files], dtype=np.int64))
        file.writelines(files)


def draw_part(
    dishes: list[Image.Image], plan: Plan, seed: int, part: tuple[int, int]
) -> list[bytes]:
    """The files of the numbers from the first to before the second."""
    return [make_file(dishes, plan, seed, number) for number in range(*part)]


def make_file(dishes: list[Image.Image], plan: Plan, seed: int, number: int) -> bytes:
    """The bytes behind a number."""
    kind = KINDS[plan.kind[number]]
    if kind in ("html", "gone"):
        return HTML_AS_PICTURE if kind == "html" else b""
    family = int(plan.family[number])
    dice = np.random.default_rng([seed, family])
    dishes = dishes[plan.label[family] * DRAWN :][:DRAWN]
    image = mix(dishes, dice) if kind != "stranger" else smooth(dice, 9, random_size(dice))
    data = encode(image, int(dice.integers(80, 93)))
    if kind == "truncated":
        return data[: len(data) // 2]
    if kind not in COPIES or kind == "exact":
        return data
    copy = change(Image.open(io.BytesIO(data)), kind, np.random.default_rng([seed, number, 1]))
    return encode(copy, 60 if kind == "recompressed" else 88)


def random_size(dice: np.random.Generator) -> tuple[int, int]:
    """Width and height."""
    width, height = dice.integers(*SIDES, 2).tolist()
    return width, height


def mix(dishes: list[Image.Image], dice: np.random.Generator) -> Image.Image:
    """Two pieces of dishes and a field of colors."""
    size = width, height = random_size(dice)
    image = piece(dishes, dice, size)
    across, down = int(width * dice.uniform(0.4, 0.7)), int(height * dice.uniform(0.4, 0.7))
    at = int(dice.integers(0, width - across)), int(dice.integers(0, height - down))
    image.paste(piece(dishes, dice, (across, down)), at)
    return Image.blend(image, smooth(dice, 5, size), FIELD)


def piece(
    dishes: list[Image.Image], dice: np.random.Generator, size: tuple[int, int]
) -> Image.Image:
    """A window of one of the dishes, at times mirrored."""
    dish, side = dishes[dice.integers(len(dishes))], dice.uniform(0.4, 0.9) * SIDE
    left, top = dice.uniform(0, SIDE - side, 2)
    window = (left, top, left + side, top + side)
    cut = dish.resize(size, Image.Resampling.BILINEAR, window)
    return ImageOps.mirror(cut) if dice.random() < 0.5 else cut


def smooth(dice: np.random.Generator, cells: int, size: tuple[int, int]) -> Image.Image:
    """So many times so many random colors, blurred into each other."""
    colors = dice.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    return Image.fromarray(colors).resize(size, Image.Resampling.BICUBIC)


def change(image: Image.Image, kind: str, dice: np.random.Generator) -> Image.Image:
    """A copy of that kind."""
    if kind == "mirrored":
        return ImageOps.mirror(image)
    if kind == "turned":
        return image.transpose(Image.Transpose(int(dice.integers(2, 5))))
    if kind == "cropped":
        width, height = image.size
        scale = dice.uniform(0.9, 0.97)
        left, top = dice.uniform(0, 1 - scale, 2)
        box = (left * width, top * height, (left + scale) * width, (top + scale) * height)
        return image.resize(image.size, Image.Resampling.BICUBIC, box)
    return image


def encode(image: Image.Image, quality: int) -> bytes:
    """As a JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


class Visits:
    """How often each number was asked for, in a file that both processes see: uint8 (n,)."""

    def __init__(self, path: Path, count: int) -> None:
        if not path.exists():
            path.write_bytes(bytes(count))
        self.counts = np.memmap(path, np.uint8, "r+", shape=(count,))


class Shards:
    """Reads files by number; what it has opened stays open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, tuple[BinaryIO, np.ndarray, int]] = {}

    def read(self, number: int) -> bytes:
        """The bytes behind a number."""
        file, ends, base = self._open.get(number // SHARD) or self._enter(number // SHARD)
        start, end = ends[number % SHARD :][:2].tolist()
        return os.pread(file.fileno(), end - start, base + start)

    def _enter(self, number: int) -> tuple[BinaryIO, np.ndarray, int]:
        file = shard(self._folder, number).open("rb")
        ends = np.concatenate([[0], np.load(file)])
        self._open[number] = file, ends, file.tell()
        return self._open[number]


async def serve_shards(folder: Path, count: int, seed: int, port: int) -> None:
    """Serve the shards on that port, or a free one for 0, which is printed; count what is asked."""
    shards, counts = Shards(folder / "shards"), Visits(folder / "visits", count).counts
    is_gone = make_plan(count, seed).is_of("gone")

    def find(name: bytes) -> tuple[str, bytes]:
        # of robots.txt, none
        if name.isdigit():
            counts[int(name)] += 1
            if not is_gone[int(name)]:
                return "200 OK", shards.read(int(name))
        return "404 Not Found", b""

    await answer_forever(find, port)


def list_rows(plan: Plan, port: int) -> Iterator[str]:
    """The table of labels and URLs."""
    yield "label,url"
    for number, label in enumerate(plan.label.tolist()):
        yield f"{LABELS[label]},http://127.0.0.1:{port}{address(number)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    for name in ("count", "seed", "port"):
        parser.add_argument(name, type=int)
    asyncio.run(serve_shards(**vars(parser.parse_args())))
