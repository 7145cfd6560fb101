"""Crops pictures to the boxes of an annotation file."""

import logging
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from PIL import Image

from foodcls.crop.boxes import Box, describe_problems, read_boxes
from foodcls.crop.formats.detect import detect_format
from foodcls.crop.formats.plain_csv import is_listed
from foodcls.crop.matching import NO_PICTURE
from foodcls.crop.placement import DROPPED, cover_pixels, place_boxes
from foodcls.crop.plausible import NOT_ACCEPTED, check_beyond, check_share
from foodcls.crop.turns import Placed, settle_turns
from foodcls.crop.units import detect_unit
from foodcls.image.decode import load_picture, png_bytes
from foodcls.manifest import fill_cells
from foodcls.progress import Track, silent
from foodcls.recipe.data_settings import Crop
from foodcls.store.store import Store, key_of
from foodcls.tables.read_csv import Problem
from foodcls.work.code_digest import code_digest
from foodcls.work.memo import MemoizedMap, map_batch, map_memoized
from foodcls.work.parallel import Spread, in_threads

logger = logging.getLogger(__name__)

# padding may ask for 25 times the picture: beyond this the cut is made smaller
MAX_CANVAS = 50_000_000  # pixels
# pictures come and go on the web, the boxes of the others stay right
USUAL = (NO_PICTURE, DROPPED, NOT_ACCEPTED)
# two people's boxes of a dish were seen to overlap more, those of two dishes less
SAME = 0.8  # of the area that both cover
TWICE = "the same dish as another box"
PixelBox = tuple[int, int, int, int]  # xmin, ymin, xmax, ymax


@dataclass(frozen=True)
class Cropped:
    """The manifest after cropping, and what of the box file could not be used."""

    manifest: pd.DataFrame
    problems: tuple[Problem, ...]


def crop(
    manifest: pd.DataFrame,
    store: Store,
    settings: Crop,
    labels: Sequence[str],
    track: Track = silent,
    spread: Spread = in_threads,
) -> Cropped:
    """Cut each kept row that has boxes: the first box is the row's, each other gets a row after it.

    `box` is the box within the picture, `picture` the cut with `padding` on each side, white
    beyond the picture's edge. Rows without a box stay whole. Boxes of dropped pictures are left
    out; a box of another class than its row's is another dish on the plate and is a problem, and
    so is, unless `settings.proposed`, a box that no person has accepted.
    """
    if settings.boxes is None:
        return Cropped(manifest.copy(), ())
    cuts, problems = _place_all(manifest, store, settings, labels)
    pictures = _cut_rows(cuts, manifest, store, settings.padding, track, spread)
    return Cropped(_fill(manifest, cuts, pictures), tuple(problems))


def cut_out(image: Image.Image, edges: PixelBox, padding: float) -> Image.Image:
    """Cut the box (xmin, ymin, xmax, ymax in pixels) with `padding` of its sides on each side.

    Beyond the picture's edge it is white; above MAX_CANVAS pixels the cut is made smaller.
    """
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


def _place_all(
    manifest: pd.DataFrame, store: Store, settings: Crop, labels: Sequence[str]
) -> tuple[dict[int, list[PixelBox]], list[Problem]]:
    """The boxes of each row in pixels, and what cannot be used, in the order of the file."""
    assert settings.boxes is not None
    path = settings.boxes
    file_format = detect_format(path, settings.format)
    boxes, problems = read_boxes(path, labels, file_format)
    if not settings.proposed:
        boxes, waiting = _set_aside(boxes)
        problems += waiting
    placed, lost = place_boxes(boxes, manifest, store, settings.names)
    problems += lost
    check_share(path, len(placed), problems, manifest)
    unit: str = settings.units
    if unit == "auto":
        unit = detect_unit(path, file_format, [item.sized for item in placed])
    placed = settle_turns(path, placed, unit, settings.orientation, store)
    is_list = file_format.name == "xywh_csv" and is_listed(path)
    check_beyond(path, placed, unit, is_open=is_list and settings.format == "auto")
    cuts: dict[int, list[PixelBox]] = defaultdict(list)
    for item in placed:
        edges = cover_pixels(item, unit)
        if isinstance(edges, Problem):
            problems.append(edges)
            continue
        drawn = cuts[item.rows[0]]
        if any(_overlap(edges, other) > SAME for other in drawn):
            # written twice, or by a second person
            if edges not in drawn:
                problems.append(Problem(item.box.number, item.box.name, TWICE, item.box.file))
            continue
        for row in item.rows:
            cuts[row].append(edges)
    problems.sort(key=lambda item: (item.file, item.number))
    _log(f"{path}: {file_format.name} in {unit}", len(boxes), placed, problems)
    return cuts, problems


def _overlap(first: PixelBox, second: PixelBox) -> float:
    """The area that both boxes cover, as a share of what either does."""
    left, top = map(max, first[:2], second[:2])
    right, bottom = map(min, first[2:], second[2:])
    both = max(0, right - left) * max(0, bottom - top)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return both / (areas - both)


def _set_aside(boxes: Sequence[Box]) -> tuple[list[Box], list[Problem]]:
    """The boxes that a person has drawn or accepted, and the others as problems."""
    waiting = [
        Problem(box.number, box.name[:80], NOT_ACCEPTED, box.file) for box in boxes if box.proposed
    ]
    return [box for box in boxes if not box.proposed], waiting


def _log(what: str, count: int, placed: Sequence[Placed], problems: Sequence[Problem]) -> None:
    pictures = len({item.rows for item in placed})
    turned = sum(item.turn != 1 for item in placed)
    logger.info(
        "%s: %d boxes read, %d of them on %d pictures, %d turned as EXIF says; %d rows not used",
        *(what, count, len(placed), pictures, turned, len(problems)),
    )
    waiting = sum(item.reason == NOT_ACCEPTED for item in problems)
    if waiting:
        logger.info("%s: %d rows proposed, not accepted", what, waiting)
    odd = [item for item in problems if item.reason not in USUAL]
    if odd:
        logger.warning("%s", describe_problems(odd))


def _cut_rows(
    cuts: Mapping[int, list[PixelBox]],
    rows: pd.DataFrame,
    store: Store,
    padding: float,
    track: Track,
    spread: Spread,
) -> dict[int, list[str]]:
    """Blobs of the cuts of each row; a picture is decoded once for all its boxes."""
    pictures = dict(zip(cuts, rows.loc[list(cuts), "picture"], strict=True))
    code = code_digest((__name__,))
    keys = {row: key_of(pictures[row], code, edges, padding) for row, edges in cuts.items()}
    work = {keys[row]: (pictures[row], edges) for row, edges in cuts.items()}
    memoized = MemoizedMap("crop", partial(map_batch, store, partial(_cut, store, padding)), list)
    found = map_memoized(store, memoized, work, track, spread)
    return {row: found[key] for row, key in keys.items()}


def _cut(store: Store, padding: float, item: tuple[str, list[PixelBox]]) -> list[str]:
    image = load_picture(store.read(item[0]))
    return [store.put(png_bytes(cut_out(image, edges, padding))) for edges in item[1]]


def _fill(
    manifest: pd.DataFrame, cuts: Mapping[int, list[PixelBox]], blobs: Mapping[int, list[str]]
) -> pd.DataFrame:
    rows = manifest.index.get_indexer(pd.Index(list(cuts)))
    drawn = np.array([len(items) for items in cuts.values()], dtype=int)
    counts = np.ones(len(manifest), dtype=int)
    counts[rows] = np.maximum(1, drawn)
    filled = manifest.iloc[np.repeat(np.arange(len(manifest)), counts)].reset_index(drop=True)
    starts = (np.cumsum(counts) - counts)[rows]
    places = [place + number for place, count in zip(starts, drawn, strict=True)
              for number in range(count)]  # fmt: skip
    boxes = [",".join(map(str, edges)) for some in cuts.values() for edges in some]
    pictures = [blob for row in cuts for blob in blobs[row]]
    return fill_cells(filled, pd.Index(places, dtype=int), {"box": boxes, "picture": pictures})
