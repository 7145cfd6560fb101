"""Detects from the pictures' sizes whether boxes are in pixels, percent or shares; scales them.

A format that says its unit is believed unless the numbers speak against it. A table of x,y,w,h
says none; it is read when a single unit is possible. A unit is possible when most boxes lie within
their pictures in it, and not when it makes specks of all of them: of edges that are all between 0
and 1, shares alone are possible. Numbers up to 100 on larger pictures are pixels and percent
alike, and refused: percent must never be taken for pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foodcls.crop.formats.raw_box import AnnotationFormat, Edges
from foodcls.errors import TableError

LIMITS = {"pixels": 0.0, "percent": 100.0, "share": 1.0}
# how far a box may stick out of its picture: tools round, and a turned box has corners outside
SLACK = 0.05
# from so many boxes on, all in the corner of large pictures, pixels are not believed unasked
MANY = 3
# six decimals of a picture 20,000 wide; a tool's rounding must not touch a pixel more
ROUNDING = 0.02  # pixels

Size = tuple[int, int]


@dataclass(frozen=True)
class SizedBox:
    """The edges of a box as written, and the size of the picture that they lie in."""

    edges: Edges
    size: Size


def scale_edges(edges: Edges, unit: str, size: Size) -> Edges:
    """Edges in pixels of a picture of (width, height)."""
    if unit == "pixels":
        return edges
    sides = (*size, *size)
    scaled = (edge / LIMITS[unit] * side for edge, side in zip(edges, sides, strict=True))
    left, top, right, bottom = (
        round(edge) if abs(edge - round(edge)) < ROUNDING else edge for edge in scaled
    )
    return left, top, right, bottom


def fits_picture(sized: SizedBox, unit: str) -> bool:
    """Whether the box lies in its picture, or nearly so, when its edges are in this unit."""
    limits = sized.size if unit == "pixels" else (LIMITS[unit],) * 2
    pairs = zip(sized.edges, (*limits, *limits), strict=True)
    return all(-SLACK * limit <= edge <= (1 + SLACK) * limit for edge, limit in pairs)


def detect_unit(path: Path, file_format: AnnotationFormat, boxes: Sequence[SizedBox]) -> str:
    """The unit of the boxes; TableError when two are possible, or not the format's own."""
    possible = [unit for unit in LIMITS if _is_possible(unit, boxes)]
    if not boxes:
        return file_format.unit or "pixels"
    if not file_format.unit:
        if len(possible) == 1:
            return possible[0]
        raise TableError(_explain(path, file_format, possible, boxes))
    others = [unit for unit in possible if unit != file_format.unit]
    doubtful = file_format.unit == "pixels" and (_are_shares(boxes) or _are_cornered(boxes))
    if doubtful or (file_format.unit not in possible and file_format.unit != "pixels"):
        raise TableError(_explain(path, file_format, [file_format.unit, *others], boxes))
    return file_format.unit


def _is_possible(unit: str, boxes: Sequence[SizedBox]) -> bool:
    if unit != "share" and _are_specks(boxes):
        return False
    fitting = sum(fits_picture(box, unit) for box in boxes)
    # a few rows may be wrong in any file
    return 2 * fitting > len(boxes)


def _are_specks(boxes: Sequence[SizedBox]) -> bool:
    """Whether no edge is beyond 1: boxes of a pixel or of a percent, or shares."""
    return max((edge for box in boxes for edge in box.edges), default=0.0) <= 1


def _are_shares(boxes: Sequence[SizedBox]) -> bool:
    """Whether nobody can have meant pixels: parts of a single one, or many of one."""
    broken = any(edge != int(edge) for box in boxes for edge in box.edges)
    return _are_specks(boxes) and (broken or len(boxes) >= MANY)


def _are_cornered(boxes: Sequence[SizedBox]) -> bool:
    """Whether most boxes are possible percent, and lie, as pixels, in a corner of the picture."""
    large = [box for box in boxes if min(box.size) > 2 * LIMITS["percent"]]
    cornered = [box for box in large if fits_picture(box, "percent")]
    return len(cornered) >= MANY and 2 * len(cornered) > len(boxes)


def _explain(
    path: Path, file_format: AnnotationFormat, possible: Sequence[str], boxes: Sequence[SizedBox]
) -> str:
    box = max(boxes, key=lambda item: max(item.edges))
    found = (
        f"{file_format.name}: the largest edge is {max(box.edges):g}, in a picture of {box.size}"
    )
    said = f", though this format has {file_format.unit}" if file_format.unit else ""
    readings = (
        f"can be {' or '.join(possible)}" if possible else "are in no unit within the pictures"
    )
    return (
        f"{path}: {found}; the {len(boxes)} boxes {readings}{said}; "
        f"set crop.units to {', '.join(LIMITS)}, whichever was written"
    )
