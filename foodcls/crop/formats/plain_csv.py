"""Reads tables that have a box's numbers in columns of their own."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from foodcls.crop.formats.documents import list_files
from foodcls.crop.formats.raw_box import Edges, RawBox, corner_and_size, corners
from foodcls.crop.names import ENDING
from foodcls.errors import TableError
from foodcls.tables.read_csv import (
    CLASSES,
    PICTURES,
    Problem,
    match_columns,
    read_header,
    read_sheet,
)

TFOD = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
OPEN_IMAGES = ("ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax")
CONFIDENCE = "Confidence"
PROPOSED = "proposed"
NO = ("", "0", "no", "false")
# what tools call the same thing; of several the first counts
NAMES = {"picture": (*PICTURES, "image_id", "picture"), "class": CLASSES}
XYWH = NAMES | {
    "x": ("x", "bbox_x", "box_x", "left"),
    "y": ("y", "bbox_y", "box_y", "top"),
    "w": ("w", "bbox_w", "bbox_width", "box_w", "box_width", "width"),
    "h": ("h", "bbox_h", "bbox_height", "box_h", "box_height", "height"),
}
CORNERS = NAMES | {
    "xmin": ("xmin", "x_min", "x1", "left"),
    "ymin": ("ymin", "y_min", "y1", "top"),
    "xmax": ("xmax", "x_max", "x2", "right"),
    "ymax": ("ymax", "y_max", "y2", "bottom"),
}
# x, y, width and height in one cell, as COCO's
LISTED = NAMES | {"bbox": ("bbox", "box", "bounding_box")}
# `width` is the picture's where a box has a column of its own for it
SIZE = {
    "width": ("image_width", "img_width", "original_width", "width"),
    "height": ("image_height", "img_height", "original_height", "height"),
}
# the columns of tables that makesense.ai and keras-retinanet write without a header
HEADLESS = (
    ("class", "x", "y", "w", "h", "picture", "image_width", "image_height"),
    ("picture", "xmin", "ymin", "xmax", "ymax", "class"),
)


def read_tfod(path: Path) -> Iterator[RawBox | Problem]:
    """TensorFlow's object detection: filename,width,height,class,xmin,ymin,xmax,ymax.

    Or a list of the four edges. A further column `proposed` marks boxes that a program has drawn.
    """
    return _read_roles(path, CORNERS, corners)


def read_open_images(path: Path) -> Iterator[RawBox | Problem]:
    """Open Images; a row of confidence 0 says that the class is not in the picture."""
    header = read_header(path)
    more = (CONFIDENCE,) if CONFIDENCE in header else ()
    rows, problems = read_sheet(path, (*OPEN_IMAGES, *more), needs_all=True)
    yield from problems
    for row in rows:
        name, label, *edges = (row.cells[column] for column in OPEN_IMAGES)
        name = name.strip()
        if row.cells.get(CONFIDENCE, "").strip() in ("0", "0.0"):
            yield Problem(row.number, name[:80], "confidence 0: the class is not there")
        else:
            yield RawBox(row.number, name, label.strip(), tuple(edges))


def read_xywh(path: Path) -> Iterator[RawBox | Problem]:
    """x and y of the top left corner, width and height, under the names that tools use."""
    return _read_roles(path, XYWH, corner_and_size)


def is_listed(path: Path) -> bool:
    """Whether a table, or one in a folder, has the four numbers of a box in one cell."""
    for file in list_files(path, ".csv") if path.is_dir() else [path]:
        with suppress(TableError):
            if "bbox" in name_columns(read_columns(file), LISTED):
                return True
    return False


def read_columns(path: Path) -> list[str]:
    """The header, or what its columns are in a table of a tool that writes none."""
    header = read_header(path)
    return list(_headless(header)) or header


def _headless(cells: Sequence[str]) -> tuple[str, ...]:
    """The columns of a first line that is a row already."""
    for columns in HEADLESS:
        named = dict(zip(columns, cells, strict=False))
        numbers = "".join(cell for role, cell in named.items() if role not in NAMES)
        if len(cells) == len(columns) and re.fullmatch(r"[-+.\de]+", numbers):
            return columns if ENDING.search(named["picture"]) else ()
    return ()


def _read_roles(
    path: Path, roles: Mapping[str, Sequence[str]], shape: Callable[[Sequence[float]], Edges]
) -> Iterator[RawBox | Problem]:
    header = read_header(path)
    headless = _headless(header)
    # four numbers in a cell stand for the columns
    roles = LISTED if "bbox" in name_columns(headless or header, LISTED) else roles
    columns = name_columns(headless or header, roles)
    missing = [role for role in roles if role not in columns]
    if missing:
        known = "; ".join(f"{role}: {', '.join(roles[role])}" for role in missing)
        raise TableError(f"{path}: no column for {missing}; name one of {known}")
    rows, problems = read_sheet(path, list(columns.values()), needs_all=True, header=headless)
    yield from problems
    for row in rows:
        cells = {role: row.cells[column].strip() for role, column in columns.items()}
        numbers = [cells[role] for role in roles if role not in NAMES]
        yield RawBox(
            number=row.number,
            name=cells["picture"],
            label=cells["class"],
            numbers=tuple(
                re.findall(r"[^\s,;\[\]()]+", numbers[0]) if "bbox" in roles else numbers
            ),
            shape=shape,
            size=(cells.get("width", 0), cells.get("height", 0)),
            proposed=is_yes(cells.get(PROPOSED, "")),
        )


def is_yes(cell: str) -> bool:
    """Whether a cell of the column `proposed` says so: neither empty nor 0, no or false."""
    return cell.strip().casefold() not in NO


def name_columns(header: Sequence[str], roles: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which column of a table plays which role; a role may be missing."""
    return match_columns(header, {**roles, **SIZE, PROPOSED: (PROPOSED,)})
