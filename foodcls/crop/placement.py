"""Places each box on the rows of its picture, and computes the pixels that it covers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from foodcls.columnar import find_texts
from foodcls.crop.boxes import Box, size_differs
from foodcls.crop.matching import Meant, find_pictures, index_names, list_sizes
from foodcls.crop.turns import SIDEWAYS, Placed, stored_turn, turn_edges
from foodcls.crop.units import fits_picture, scale_edges
from foodcls.image.clamp import clamp_box
from foodcls.manifest import TEST_SOURCE, kept_rows
from foodcls.store.store import Store
from foodcls.tables.read_csv import Problem

DROPPED = "its picture was dropped"
ANOTHER_DISH = "another dish"


@dataclass(frozen=True)
class KeptRow:
    """A kept row's picture."""

    id: str
    labels: tuple[str, ...]  # the class; where it was corrected, also the one before
    size: tuple[int, int]  # upright


def list_kept(rows: pd.DataFrame) -> dict[int, KeptRow]:
    """The kept of these rows by index label: a dictionary is a thousand times faster than they."""
    rows = kept_rows(rows, "id", "label", "given_label", "width", "height")
    return {
        row: KeptRow(digest, tuple(filter(None, labels)), size)
        for row, digest, labels, size in zip(
            rows.index,
            rows["id"].tolist(),
            zip(rows["label"].tolist(), rows["given_label"].tolist(), strict=True),
            list_sizes(rows),
            strict=True,
        )
    }


def place_boxes(
    boxes: Sequence[Box], manifest: pd.DataFrame, store: Store, names: str = "both"
) -> tuple[list[Placed], list[Problem]]:
    """The boxes that have a picture, and why the others have none, in the order of the boxes.

    Where dedup has dropped the picture for another one, the problem names that other picture,
    unless a box is drawn there. No box is moved to it: it may show more, or less.
    """
    known = index_names(manifest, boxes)
    meant = find_pictures(boxes, known, names)
    kept = list_kept(manifest.loc[list({row for item in meant for row in item.rows})])
    found = [place_box(box, item, kept, store) for box, item in zip(boxes, meant, strict=True)]
    placed = [item for item in found if isinstance(item, Placed)]
    drawn = {kept[row].id for item in placed for row in item.rows}
    keepers = _list_keepers(manifest, drawn)
    problems = [
        _name_keeper(box, item, [known.finder.owners[row] for row in picture.rows], keepers)
        for box, picture, item in zip(boxes, meant, found, strict=True)
        if isinstance(item, Problem)
    ]
    return placed, problems


def place_box(
    box: Box, meant: Meant, kept: Mapping[int, KeptRow], store: Store
) -> Placed | Problem:
    """The kept rows of the box's picture and class, or why there is none.

    `turn` is EXIF's where the file gives the stored size of a picture that lies sideways.
    """
    if not meant.rows:
        return _refuse(box, meant.problem)
    rows = [row for row in sorted(meant.rows) if row in kept]
    if not rows:
        return _refuse(box, DROPPED)
    same = tuple(row for row in rows if box.label in kept[row].labels)
    if not same:
        return _refuse(
            box, f"{ANOTHER_DISH}, {box.label}, on a picture of {kept[rows[0]].labels[0]}"
        )
    picture, size = kept[same[0]].id, kept[same[0]].size
    if not size_differs(box, size):
        return Placed(box, same, picture, size)
    turn = stored_turn(store, picture) if box.size == size[::-1] else 1
    if turn not in SIDEWAYS:
        return _refuse(box, f"wrong size {box.size}, the picture has {size}")
    return Placed(box, same, picture, size, 1 if box.is_upright else turn)


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


def _list_keepers(manifest: pd.DataFrame, drawn: Collection[str]) -> dict[str, str]:
    """For each picture that is dropped as a duplicate the one that is kept, if a box is wanted."""
    rows = kept_rows(manifest, "id", "source")
    twins = manifest.loc[manifest["duplicate_of"] != "", ["id", "duplicate_of"]]
    wanted = rows.loc[rows["source"] != TEST_SOURCE, "id"].unique()
    is_wanted, is_drawn = (find_texts(twins["duplicate_of"], ids) >= 0 for ids in (wanted, drawn))
    twins = twins[is_wanted & ~is_drawn]
    return dict(zip(twins["id"].tolist(), twins["duplicate_of"].tolist(), strict=True))


def _name_keeper(
    box: Box, item: Problem, pictures: Sequence[str], keepers: Mapping[str, str]
) -> Problem:
    keeper = next((keepers[name] for name in pictures if name in keepers), "")
    if item.reason != DROPPED or not keeper:
        return item
    return _refuse(box, f"{DROPPED} as a duplicate (of {keeper[:16]}; draw it there)")


def _refuse(box: Box, reason: str) -> Problem:
    return Problem(box.number, box.name, reason, box.file)
