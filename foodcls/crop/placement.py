"""Matches each box to the rows of its picture, and computes the pixels that it covers.

Tools show pictures upright, so boxes lie on the upright picture. A file that gives the stored
size of a picture which EXIF turns sideways says that its box was drawn on the stored pixels: that
box is turned with the picture, and refused where it does not fit the size given. On a square
picture, or one that is mirrored or upside down, the size does not tell, and the box counts as
drawn upright.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from foodcls.crop.boxes import Box, size_differs
from foodcls.crop.formats.raw_box import Edges
from foodcls.crop.units import SizedBox, fits_picture, scale_edges
from foodcls.image.clamp import clamp_box
from foodcls.image.decode import open_picture
from foodcls.image.upright import ORIENTATION
from foodcls.manifest import TEST_SOURCE, kept_rows
from foodcls.store.store import Store
from foodcls.tables.match_rows import Finder, Match, index_rows
from foodcls.tables.read_csv import Problem

DROPPED = "its picture was dropped"
# EXIF orientations that make a picture's width its height
SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class KeptRow:
    """A kept row's picture."""

    id: str
    label: str
    size: tuple[int, int]  # upright


@dataclass(frozen=True)
class Placed:
    """A box, the rows of its picture and class, and how the picture lies."""

    box: Box
    rows: tuple[int, ...]
    size: tuple[int, int]  # of the upright picture
    turn: int = 1  # EXIF's orientation, where the box was drawn on the stored pixels

    @property
    def sized(self) -> SizedBox:
        """The box in the picture that it was drawn on."""
        return SizedBox(self.box.edges, self.size if self.turn == 1 else self.size[::-1])


def list_kept(manifest: pd.DataFrame) -> dict[int, KeptRow]:
    """The kept pictures by index label, as a dictionary: a thousand times faster than the table."""
    rows = kept_rows(manifest)
    sizes = zip(rows["width"].fillna(0), rows["height"].fillna(0), strict=True)
    return {
        row: KeptRow(digest, label, (int(width), int(height)))
        for row, digest, label, (width, height) in zip(
            rows.index, rows["id"], rows["label"], sizes, strict=True
        )
    }


def place_boxes(
    boxes: Sequence[Box], manifest: pd.DataFrame, store: Store
) -> tuple[list[Placed], list[Problem]]:
    """The boxes that have a picture, and why the others have none, in the order of the boxes.

    Where dedup has dropped the picture for another one, the problem names that other picture,
    unless a box is drawn there. No box is moved to it: it may show more, or less.
    """
    finder, kept = index_rows(manifest), list_kept(manifest)
    found = [(box, place_box(box, finder, kept, store)) for box in boxes]
    placed = [item for _, item in found if isinstance(item, Placed)]
    drawn = {kept[row].id for item in placed for row in item.rows}
    keepers = _list_keepers(manifest, drawn)
    problems = [
        _name_keeper(box, item, finder, keepers) for box, item in found if isinstance(item, Problem)
    ]
    return placed, problems


def place_box(
    box: Box, finder: Finder, kept: Mapping[int, KeptRow], store: Store
) -> Placed | Problem:
    """The kept rows of the box's picture and class, or why there is none."""
    match = _find_picture(box, finder)
    if match.problem or not match.rows:
        return _refuse(box, match.problem or "no such picture")
    # an exact copy of the named file may be the one that was kept
    copies = {row for named in match.rows for row in finder.ids[finder.owners[named]]}
    rows = [row for row in sorted(copies) if row in kept]
    if not rows:
        return _refuse(box, DROPPED)
    same = tuple(row for row in rows if kept[row].label == box.label)
    if not same:
        return _refuse(box, f"another dish, {box.label}, on a picture of {kept[rows[0]].label}")
    size = kept[same[0]].size
    if not size_differs(box, size):
        return Placed(box, same, size)
    turn = _stored_turn(store, kept[same[0]].id) if box.size == size[::-1] else 1
    if turn not in SIDEWAYS:
        return _refuse(box, f"wrong size {box.size}, the picture has {size}")
    return Placed(box, same, size, turn)


def cover_pixels(placed: Placed, unit: str) -> tuple[int, int, int, int] | Problem:
    """The pixels of the upright picture that the box covers, or why there are none."""
    box, sized = placed.box, placed.sized
    if unit != "pixels" and not fits_picture(sized, unit):
        return _refuse(box, f"an edge, {max(box.edges, key=abs):g}, is no {unit} of a picture")
    if placed.turn != 1 and not fits_picture(sized, unit):
        return _refuse(box, f"wrong size {box.size}, too small for the box; turned by EXIF")
    drawn = scale_edges(box.edges, unit, sized.size)
    edges = clamp_box(turn_edges(drawn, placed.turn, sized.size), placed.size)
    return _refuse(box, f"outside the picture of {placed.size}") if edges is None else edges


def turn_edges(edges: Edges, turn: int, size: tuple[int, int]) -> Edges:
    """Edges on stored pixels of (width, height), as they lie on the picture that EXIF turns."""
    left, top, right, bottom = edges
    width, height = size
    match turn:
        case 5:  # mirrored along the main diagonal
            return top, left, bottom, right
        case 6:  # a quarter to the right
            return height - bottom, left, height - top, right
        case 7:  # mirrored along the other diagonal
            return height - bottom, width - right, height - top, width - left
        case 8:  # a quarter to the left
            return top, width - right, bottom, width - left
    return edges


def _list_keepers(manifest: pd.DataFrame, drawn: Collection[str]) -> dict[str, str]:
    """For each picture that is dropped as a duplicate the one that is kept, if a box is wanted."""
    rows = kept_rows(manifest)
    wanted = set(rows.loc[rows["source"] != TEST_SOURCE, "id"]).difference(drawn)
    twins = manifest[manifest["duplicate_of"].isin(wanted)]
    return dict(zip(twins["id"], twins["duplicate_of"], strict=True))


def _name_keeper(box: Box, item: Problem, finder: Finder, keepers: Mapping[str, str]) -> Problem:
    if item.reason != DROPPED:
        return item
    names = [finder.owners[row] for row in _find_picture(box, finder).rows]
    keeper = next((keepers[name] for name in names if name in keepers), "")
    if not keeper:
        return item
    return _refuse(box, f"{DROPPED} as a duplicate (of {keeper[:16]}; draw it there)")


def _find_picture(box: Box, finder: Finder) -> Match:
    for name in (box.name, *box.other_names):
        match = finder.by_name(name)
        if match.rows or match.problem:
            return match
    return finder.by_stem(box.stem) if box.stem else Match()


def _stored_turn(store: Store, digest: str) -> int:
    """EXIF's orientation of the picture as it arrived."""
    with open_picture(store.read(digest)) as image:
        return int(image.getexif().get(ORIENTATION, 1))


def _refuse(box: Box, reason: str) -> Problem:
    return Problem(box.number, box.name, reason, box.file)
