"""Reads Datumaro's JSON, as CVAT exports it too: items with their shapes, classes by number."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import open_documents, parse_json
from foodcls.crop.formats.raw_box import (
    RawBox,
    as_dicts,
    as_text,
    bounds,
    corner_and_size,
    corners,
    turned_corner_and_size,
)
from foodcls.tables.read_csv import Problem

# an ellipse is given by the corners of the box around it
SHAPES = {"polygon": bounds, "polyline": bounds, "ellipse": corners}


def read_datumaro(path: Path) -> Iterator[RawBox | Problem]:
    """Boxes, turned ones too, and the bounds of polygons and ellipses."""
    for document in open_documents(path, ".json", parse_json):
        if isinstance(document, Problem):
            yield document
            continue
        labels = list_labels(document.content)
        if labels is None:
            continue
        shapes = [
            (item, shape)
            for item in as_dicts(document.content["items"])
            for shape in as_dicts(item.get("annotations"))
        ]
        for number, (item, shape) in enumerate(shapes, start=1):
            yield _read_shape(number, item, shape, labels)


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


def _read_shape(
    number: int, item: dict[str, Any], shape: dict[str, Any], labels: list[str]
) -> RawBox | Problem:
    held = (item.get(key) for key in ("image", "media"))
    media: dict[str, Any] = next((one for one in held if isinstance(one, dict)), {})
    name = as_text(media.get("path")) or as_text(item.get("id"))
    kind, place = as_text(shape.get("type")), shape.get("label_id")
    is_known = type(place) is int and 0 <= place < len(labels)
    label = labels[place] if is_known and place is not None else f"label {place}"
    size = media.get("size")
    height, width = size if isinstance(size, list) and len(size) == 2 else (0, 0)
    if kind not in (*SHAPES, "bbox"):
        return Problem(number, name[:80], f"a {kind[:20]!r} is no box")
    given = shape.get("bbox" if kind == "bbox" else "points")
    numbers = tuple(given) if isinstance(given, list) else ()
    around = SHAPES.get(kind, corner_and_size)
    attributes = shape.get("attributes")
    if kind == "bbox" and isinstance(attributes, dict) and attributes.get("rotation"):
        numbers, around = (*numbers, attributes["rotation"]), turned_corner_and_size
    return RawBox(number, name, label, numbers, around, (width, height))
