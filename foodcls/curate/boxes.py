"""Turns a CSV of boxes into whole pixels within their pictures, or tells what is wrong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foodcls.curate.matching import is_unsafe
from foodcls.curate.sheet import Problem, Row, read_sheet

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
EDGES = COLUMNS[4:]


@dataclass(frozen=True)
class Box:
    """A box as written: pixels of the upright picture, from its top left corner."""

    number: int  # line of the file
    name: str  # of the picture: a path, its last part, or an id
    label: str
    edges: tuple[float, float, float, float]  # xmin, ymin, xmax, ymax
    size: tuple[int, int]  # of the picture, as the row says; 0, 0 when it does not


def read_boxes(path: Path, labels: Sequence[str]) -> tuple[list[Box], list[Problem]]:
    """Read boxes; a row that cannot be used is a problem, an unreadable file a TableError."""
    rows, problems = read_sheet(path, COLUMNS, needs_all=True)
    read = [_read_box(row, labels) for row in rows]
    problems += [item for item in read if isinstance(item, Problem)]
    return [item for item in read if isinstance(item, Box)], problems


def clamp_box(
    edges: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """The pixels that a box touches, within a picture of (width, height); None when none."""
    width, height = size
    # whole pixels: what is touched at the near edges counts, as at the far ones
    left, top = (max(0, math.floor(value)) for value in edges[:2])
    right, bottom = math.ceil(min(edges[2], width)), math.ceil(min(edges[3], height))
    return (left, top, right, bottom) if left < right and top < bottom else None


def size_differs(box: Box, size: tuple[int, int]) -> bool:
    """Whether the row was drawn on a picture of another size; 0x0 says nothing of it."""
    return box.size != (0, 0) and box.size != size


def _read_box(row: Row, labels: Sequence[str]) -> Box | Problem:
    name = row.cells["filename"].strip()
    if not name:
        return Problem(row.number, "", "no filename")
    if is_unsafe(name):
        return Problem(row.number, name[:80], "unsafe filename")
    if row.cells["class"] not in labels:
        return Problem(row.number, name, f"unknown class {row.cells['class'][:80]!r}")
    try:
        edges = tuple(float(row.cells[edge]) for edge in EDGES)
        width, height = (int(float(row.cells[side] or 0)) for side in ("width", "height"))
    except (ValueError, OverflowError):
        return Problem(row.number, name, "a side or an edge is not a number")
    reason = _fault(edges)
    if reason:
        return Problem(row.number, name, reason)
    return Box(row.number, name, row.cells["class"], edges, (width, height))  # type: ignore[arg-type]


def _fault(edges: tuple[float, ...]) -> str:
    if not all(math.isfinite(edge) for edge in edges):
        return "an edge is not finite"
    xmin, ymin, xmax, ymax = edges
    if xmin > xmax or ymin > ymax:
        return "edges are swapped"
    return "no area" if xmin == xmax or ymin == ymax else ""
