"""Reads labelme's JSON, a file a picture: rectangles, circles and the bounds of polygons."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import Document, Unreadable, parse_json, read_items
from foodcls.crop.formats.raw_box import (
    Edges,
    RawBox,
    as_text,
    bounds,
    circle,
    flatten_points,
)
from foodcls.tables.read_csv import Problem

# a rectangle, as what lies around a mask, is two corners, dragged in any direction, or all four
BOUNDED = ("rectangle", "polygon", "linestrip", "rotation", "quadrilateral", "mask")


def read_labelme(path: Path) -> Iterator[RawBox | Problem]:
    """A file, or a folder of files."""
    return read_items(path, ".json", _parse_labelme, lambda content: content["shapes"], _read_shape)


def _parse_labelme(data: bytes) -> dict[str, Any]:
    content = parse_json(data)
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        raise Unreadable("not of labelme: shapes must be a list")
    return content


def _read_shape(number: int, shape: Any, document: Document[dict[str, Any]]) -> RawBox | Problem:
    content = document.content
    name = as_text(content.get("imagePath")) or document.stem
    if not isinstance(shape, dict):
        return Problem(number, name[:80], "a shape is not a JSON object", document.file)
    kind = shape.get("shape_type") or "polygon"
    if kind not in (*BOUNDED, "circle"):
        return Problem(number, name[:80], f"a {as_text(kind)[:20]!r} is no box", document.file)
    return RawBox(
        number=number,
        name=name,
        label=as_text(shape.get("label")),
        numbers=flatten_points(shape.get("points")),
        shape=_around if kind == "circle" else bounds,
        size=(content.get("imageWidth"), content.get("imageHeight")),
        own_name=document.path,
        file=document.file,
    )


def _around(values: Sequence[float]) -> Edges:
    """A circle is its center and a point of its edge."""
    x, y, edge_x, edge_y = values
    return circle((x, y, math.hypot(edge_x - x, edge_y - y)))
