"""Reads Supervisely's JSON, a file a picture that is called as the picture: `a.jpg.json`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import Document, parse_json, read_items
from foodcls.crop.formats.raw_box import RawBox, as_dicts, as_text, bounds, flatten_points
from foodcls.tables.read_csv import Problem

BOUNDED = ("rectangle", "polygon", "line")


def read_supervisely(path: Path) -> Iterator[RawBox | Problem]:
    """Rectangles and the bounds of polygons; meta.json and its like hold none."""
    return read_items(path, ".json", parse_json, _list_objects, _read_shape)


def is_supervisely(content: object) -> bool:
    """Whether a JSON file is of a picture of this tool."""
    return (
        isinstance(content, dict)
        and isinstance(content.get("size"), dict)
        and isinstance(content.get("objects"), list)
    )


def _list_objects(content: Any) -> Iterable[dict[str, Any]]:
    return as_dicts(content["objects"]) if is_supervisely(content) else ()


def _read_shape(
    number: int, shape: dict[str, Any], document: Document[dict[str, Any]]
) -> RawBox | Problem:
    kind, points = as_text(shape.get("geometryType")), shape.get("points")
    if kind not in BOUNDED or not isinstance(points, dict):
        return Problem(number, document.path[:80], f"a {kind[:20]!r} is no box", document.file)
    size = document.content["size"]
    return RawBox(
        number=number,
        name=document.path,
        label=as_text(shape.get("classTitle")),
        numbers=flatten_points(points.get("exterior")),
        shape=bounds,
        size=(size.get("width"), size.get("height")),
        file=document.file,
    )
