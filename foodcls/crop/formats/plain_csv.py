"""Reads tables that have a box's numbers in columns of their own."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from foodcls.crop.formats.raw_box import RawBox, corner_and_size
from foodcls.errors import TableError
from foodcls.tables.read_csv import Problem, read_header, read_sheet

TFOD = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
OPEN_IMAGES = ("ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax")
CONFIDENCE = "Confidence"
PROPOSED = "proposed"
NO = ("", "0", "no", "false")
# what tools call the same thing; of several the first counts
XYWH = {
    "picture": (
        *("filename", "file_name", "image_name", "image_path", "image", "file", "path", "img"),
        *("image_id", "picture"),
    ),
    "class": ("class", "label", "class_name", "label_name", "category", "category_name"),
    "x": ("x", "bbox_x", "box_x", "left"),
    "y": ("y", "bbox_y", "box_y", "top"),
    "w": ("w", "bbox_w", "bbox_width", "box_w", "box_width", "width"),
    "h": ("h", "bbox_h", "bbox_height", "box_h", "box_height", "height"),
}
# `width` is the picture's where a box has a column of its own for it
SIZE = {
    "width": ("image_width", "img_width", "original_width", "width"),
    "height": ("image_height", "img_height", "original_height", "height"),
}


def read_tfod(path: Path) -> Iterator[RawBox | Problem]:
    """TensorFlow's object detection: filename,width,height,class,xmin,ymin,xmax,ymax.

    A further column `proposed` marks boxes that a program has drawn.
    """
    more = (PROPOSED,) if PROPOSED in read_header(path) else ()
    rows, problems = read_sheet(path, (*TFOD, *more), needs_all=True)
    yield from problems
    for row in rows:
        name, width, height, label, *edges = (row.cells[column] for column in TFOD)
        proposed = is_yes(row.cells.get(PROPOSED, ""))
        size = (width, height)
        yield RawBox(row.number, name.strip(), label, tuple(edges), size=size, proposed=proposed)


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
            yield RawBox(row.number, name, label.strip(), tuple(edges), stem=name)


def read_xywh(path: Path) -> Iterator[RawBox | Problem]:
    """x and y of the top left corner, width and height, under the names that tools use."""
    columns = name_columns(read_header(path))
    missing = [role for role in XYWH if role not in columns]
    if missing:
        known = "; ".join(f"{role}: {', '.join(XYWH[role])}" for role in missing)
        raise TableError(f"{path}: no column for {missing}; name one of {known}")
    rows, problems = read_sheet(path, list(columns.values()), needs_all=True)
    yield from problems
    for row in rows:
        cells = {role: row.cells[column] for role, column in columns.items()}
        yield RawBox(
            number=row.number,
            name=cells["picture"].strip(),
            label=cells["class"],
            numbers=tuple(cells[role] for role in "xywh"),
            shape=corner_and_size,
            size=(cells.get("width", 0), cells.get("height", 0)),
        )


def is_yes(cell: str) -> bool:
    """Whether a cell of the column `proposed` says so: neither empty nor 0, no or false."""
    return cell.strip().casefold() not in NO


def name_columns(header: Sequence[str]) -> dict[str, str]:
    """Which column of an x,y,w,h table plays which role; a role may be missing."""
    found: dict[str, str] = {}
    for role, names in (XYWH | SIZE).items():
        free = {cell.lower(): cell for cell in header if cell not in found.values()}
        name = next((name for name in names if name in free), None)
        if name is not None:
            found[role] = free[name]
    return found
