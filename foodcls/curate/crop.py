"""Cuts pictures to the boxes that a person drew."""

import logging
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from foodcls.curate.boxes import Box, clamp_box, read_boxes, size_differs
from foodcls.curate.decode import load_picture, png_bytes
from foodcls.curate.matching import Finder, index_rows
from foodcls.curate.memo import remembered
from foodcls.curate.sheet import SHOWN, Problem
from foodcls.manifest import kept_rows
from foodcls.progress import Track, silent
from foodcls.recipe import Crop
from foodcls.store import Store, digest_json

logger = logging.getLogger(__name__)

VERSION = 1
# padding may ask for 25 times the picture: beyond this the cut is made smaller
MAX_CANVAS = 50_000_000  # pixels
Edges = tuple[int, int, int, int]


@dataclass(frozen=True)
class Cropped:
    """The manifest after cropping, and the rows of the box file that could not be used."""

    manifest: pd.DataFrame
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Cut:
    row: int
    edges: Edges


def crop(
    manifest: pd.DataFrame,
    store: Store,
    settings: Crop,
    labels: Sequence[str],
    track: Track = silent,
) -> Cropped:
    """Cut each kept row that has boxes: the first box is the row's, each other gets a row after it.

    `box` is the box within the picture, `picture` the cut with `padding` on each side, white
    beyond the picture's edge. Rows without a box stay whole. Boxes of dropped pictures are left
    out; a box of another class than its row's is another dish on the plate and is a problem.
    """
    if settings.boxes is None:
        return Cropped(manifest.copy(), ())
    boxes, problems = read_boxes(settings.boxes, labels)
    cuts: dict[int, list[_Cut]] = defaultdict(list)
    finder, rows = index_rows(manifest), kept_rows(manifest)
    for box in boxes:
        placed = _place(box, finder, rows)
        if isinstance(placed, Problem):
            problems.append(placed)
            continue
        for item in placed:
            # the same box written twice is one
            if item not in cuts[item.row]:
                cuts[item.row].append(item)
    problems.sort(key=lambda item: item.number)
    _log(problems, len(boxes), settings)
    pictures = _cut_all(cuts, rows, store, settings.padding, track)
    return Cropped(_fill(manifest, cuts, pictures), tuple(problems))


def cut_out(image: Image.Image, edges: Edges, padding: float) -> Image.Image:
    """The box with `padding` of its sides around it, white where that leaves the picture."""
    left, top, right, bottom = edges
    aside, above = padding * (right - left), padding * (bottom - top)
    window = (
        math.floor(left - aside),
        math.floor(top - above),
        math.ceil(right + aside),
        math.ceil(bottom + above),
    )
    pixels = (window[2] - window[0]) * (window[3] - window[1])
    shrink = math.ceil(math.sqrt(pixels / MAX_CANVAS))
    if shrink > 1:
        image = image.reduce(shrink)
        window = tuple(edge // shrink for edge in window)  # type: ignore[assignment]
    canvas = Image.new("RGB", (window[2] - window[0], window[3] - window[1]), "white")
    inside = (
        max(0, window[0]),
        max(0, window[1]),
        min(image.width, window[2]),
        min(image.height, window[3]),
    )
    canvas.paste(image.crop(inside), (inside[0] - window[0], inside[1] - window[1]))
    return canvas


def _place(box: Box, finder: Finder, rows: pd.DataFrame) -> list[_Cut] | Problem:
    """The rows of the box's picture and class, or why there is none."""
    match = finder.by_name(box.name)
    if match.problem or not match.rows:
        return Problem(box.number, box.name, match.problem or "no such picture")
    # an exact copy of the named file may be the one that was kept
    copies = {row for named in match.rows for row in finder.ids[finder.owners[named]]}
    kept = rows.loc[rows.index.intersection(sorted(copies))]
    if not len(kept):
        return Problem(box.number, box.name, "its picture was dropped")
    same = kept[kept["label"] == box.label]
    if not len(same):
        label = kept["label"].iloc[0]
        return Problem(box.number, box.name, f"another dish, {box.label}, on a picture of {label}")
    size = int(same["width"].iloc[0]), int(same["height"].iloc[0])
    if size_differs(box, size):
        return Problem(box.number, box.name, f"wrong size {box.size}, the picture has {size}")
    edges = clamp_box(box.edges, size)
    if edges is None:
        return Problem(box.number, box.name, f"outside the picture of {size}")
    return [_Cut(row, edges) for row in same.index]


def _log(problems: Sequence[Problem], count: int, settings: Crop) -> None:
    kinds = Counter(re.split(r"[,(']", item.reason)[0].strip() for item in problems)
    shown = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common(SHOWN))
    logger.info(
        "%s: %d boxes read, %d rows not used: %s", settings.boxes, count, len(problems), shown
    )


def _cut_all(
    cuts: Mapping[int, list[_Cut]],
    rows: pd.DataFrame,
    store: Store,
    padding: float,
    track: Track,
) -> dict[int, list[str]]:
    """Blobs of the cuts of each row; a picture is decoded once for all its boxes."""
    work = {}
    for row, items in cuts.items():
        blob = str(rows.at[row, "picture"])
        edges = [item.edges for item in items]
        work[row] = (digest_json([VERSION, blob, edges, padding]), (blob, edges))

    def cut(item: tuple[str, list[Edges]]) -> list[str]:
        image = load_picture(store.read(item[0]))
        return [store.put(png_bytes(cut_out(image, edges, padding))) for edges in item[1]]

    found = remembered(
        store, "crop", dict(work.values()), cut, track, lambda blobs: all(map(store.has, blobs))
    )
    return {row: found[key] for row, (key, _) in work.items()}


def _fill(
    manifest: pd.DataFrame, cuts: Mapping[int, list[_Cut]], blobs: Mapping[int, list[str]]
) -> pd.DataFrame:
    counts = [max(1, len(cuts.get(row, ()))) for row in manifest.index]
    filled = manifest.loc[manifest.index.repeat(counts)].reset_index(drop=True)
    starts = dict(zip(manifest.index, np.cumsum([0, *counts[:-1]]), strict=True))
    for row, items in cuts.items():
        places = range(starts[row], starts[row] + len(items))
        filled.loc[places, "box"] = [",".join(map(str, item.edges)) for item in items]
        filled.loc[places, "picture"] = blobs[row]
    return filled
