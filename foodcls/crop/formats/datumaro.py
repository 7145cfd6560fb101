"""Reads Datumaro's JSON, as CVAT exports it too: items with their shapes, classes by number."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import Document, parse_json, read_items
from foodcls.crop.formats.raw_box import (
    RawBox,
    as_dicts,
    as_text,
    bounds,
    corner_and_size,
    corners,
    find_angle,
    turned_corner_and_size,
)
from foodcls.tables.read_csv import Problem

Shape = tuple[dict[str, Any], dict[str, Any], list[str]]  # item, annotation, classes
# an ellipse is given by the corners of the box around it
SHAPES = {"bbox": corner_and_size, "polygon": bounds, "polyline": bounds, "ellipse": corners}


def read_datumaro(path: Path) -> Iterator[RawBox | Problem]:
    """Boxes, turned ones too, and the bounds of polygons and ellipses."""
    return read_items(path, ".json", parse_json, _list_shapes, _read_shape)


def list_labels(content: object) -> list[str] | None:
    """The classes of a JSON file by their numbers; None where it is none of this tool."""
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        return None
    categories = content.get("categories")
    if not isinstance(categories, dict):
        return None
    labels = categories.get("label")
    named = as_dicts(labels.get("labels")) if isinstance(labels, dict) else []
    return [as_text(label.get("name")) for label in named]


def _list_shapes(content: Any) -> list[Shape]:
    if (labels := list_labels(content)) is None:
        return []
    items = as_dicts(content["items"])
    return [(item, shape, labels) for item in items for shape in as_dicts(item.get("annotations"))]


def _read_shape(number: int, found: Shape, document: Document[Any]) -> RawBox | Problem:
    item, shape, labels = found
    held = (item.get(key) for key in ("image", "media"))
    media: dict[str, Any] = next((one for one in held if isinstance(one, dict)), {})
    name = as_text(media.get("path")) or as_text(item.get("id"))
    kind, place = as_text(shape.get("type")), shape.get("label_id")
    label = labels[place] if type(place) is int and 0 <= place < len(labels) else f"label {place}"
    size = media.get("size")
    height, width = size if isinstance(size, list) and len(size) == 2 else (0, 0)
    if kind not in SHAPES:
        return Problem(number, name[:80], f"a {kind[:20]!r} is no box")
    given = shape.get("bbox" if kind == "bbox" else "points")
    numbers, around = tuple(given) if isinstance(given, list) else (), SHAPES[kind]
    if kind == "bbox" and (angle := find_angle(shape)):
        numbers, around = (*numbers, angle), turned_corner_and_size
    return RawBox(number, name, label, numbers, around, (width, height))
