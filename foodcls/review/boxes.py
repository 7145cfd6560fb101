"""Reads and writes the boxes that a person draws, as rows of boxes.csv."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foodcls.crop.boxes import Box, read_boxes, size_differs
from foodcls.crop.formats.detect import FORMATS
from foodcls.crop.formats.plain_csv import PROPOSED
from foodcls.crop.matching import Names, find_pictures
from foodcls.errors import TableError
from foodcls.image.clamp import clamp_box
from foodcls.review.gallery import GalleryItem
from foodcls.tables.edit_csv import Sheet, add_rows, open_sheet, remove_rows

SIDES = ("width", "height")
EDGES = ("xmin", "ymin", "xmax", "ymax")
COLUMNS = ("filename", *SIDES, "class", *EDGES)


@dataclass(frozen=True)
class DrawnBox:
    """A box in whole pixels of the upright picture; `proposed` until a person accepts it."""

    edges: tuple[int, int, int, int]  # xmin, ymin, xmax, ymax
    proposed: bool = False
    # number in the file; 0 before it is written
    line: int = dataclasses.field(default=0, compare=False)


Boxes = tuple[DrawnBox, ...]


def read_drawn(
    path: Path, names: Callable[[], Names], items: Mapping[str, GalleryItem]
) -> dict[str, Boxes]:
    """The boxes of each picture of `items`, by id.

    Left out are boxes of another class than the picture's, and boxes that the pipeline would
    refuse too. TableError when the file cannot be read.
    """
    found: dict[str, Boxes] = {}
    if not path.exists() or not path.stat().st_size:
        return found
    labels, known = {item.label for item in items.values()}, names()
    boxes, _ = read_boxes(path, tuple(labels), FORMATS["tfod_csv"])
    for box, meant in zip(boxes, find_pictures(boxes, known), strict=True):
        for digest in {known.finder.owners[at] for at in meant.rows}:
            if digest in items and (drawn := _drawn(box, items[digest])):
                found[digest] = (*found.get(digest, ()), drawn)
    return found


def read_offered(
    path: Path, names: Callable[[], Names], items: Mapping[str, GalleryItem]
) -> dict[str, Boxes]:
    """The boxes of a file of proposals; all are `proposed`, whatever the file says."""
    return {
        digest: tuple(dataclasses.replace(box, proposed=True) for box in boxes)
        for digest, boxes in read_drawn(path, names, items).items()
    }


def is_box_table(path: Path) -> bool:
    """Whether boxes can be added to this file: a CSV with the columns `COLUMNS`."""
    if path.is_dir():
        return False
    try:
        return set(COLUMNS) <= set(open_sheet(path, COLUMNS).columns)
    except TableError:
        return False


def write_drawn(
    sheet: Sheet, item: GalleryItem, known: Sequence[DrawnBox], boxes: Sequence[DrawnBox]
) -> Sheet:
    """Replace the boxes `known` of a picture by `boxes`; rows of boxes in both stay as they are."""
    wanted = dict.fromkeys(boxes)
    sheet = remove_rows(sheet, {box.line for box in known if box not in wanted})
    return add_rows(sheet, [box_cells(item, box) for box in wanted if box not in known])


def box_cells(item: GalleryItem, box: DrawnBox) -> dict[str, str]:
    """The row of a box in a table."""
    cells = {
        "filename": item.id,
        "width": str(item.width),
        "height": str(item.height),
        # relabeled or not, the crop knows it by the class under which it was found
        "class": item.found_as,
        **{name: str(edge) for name, edge in zip(EDGES, box.edges, strict=True)},
    }
    return cells | ({PROPOSED: "true"} if box.proposed else {})


def fit_box(edges: Sequence[float], item: GalleryItem) -> tuple[int, int, int, int] | None:
    """A box, corners in any order, in whole pixels within the picture; None without an area."""
    xs, ys = sorted(edges[0::2]), sorted(edges[1::2])
    rounded = (round(xs[0]), round(ys[0]), round(xs[1]), round(ys[1]))
    return clamp_box(rounded, (item.width, item.height))


def _drawn(box: Box, item: GalleryItem) -> DrawnBox | None:
    size = item.width, item.height
    # drawn on another size, it would lie elsewhere
    if box.label not in (item.label, item.found_as) or size_differs(box, size):
        return None
    edges = clamp_box(box.edges, size)
    return DrawnBox(edges, box.proposed, box.number) if edges else None
