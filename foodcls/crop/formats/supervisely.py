"""Reads Supervisely's JSON, a file a picture that is called as the picture: `a.jpg.json`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import Document, open_documents, parse_json
from foodcls.crop.formats.raw_box import RawBox, as_dicts, as_text, bounds, flatten_points
from foodcls.tables.read_csv import Problem

BOUNDED = ("rectangle", "polygon", "line")


def read_supervisely(path: Path) -> Iterator[RawBox | Problem]:
    """Rectangles and the bounds of polygons; meta.json and its like hold none."""
    for document in open_documents(path, ".json", parse_json):
        if isinstance(document, Problem):
            yield document
        elif is_supervisely(document.content):
            for number, shape in enumerate(as_dicts(document.content["objects"]), start=1):
                yield _read_shape(number, shape, document)


def is_supervisely(content: object) -> bool:
    """Whether a JSON file is of a picture of this tool."""
    return (
        isinstance(content, dict)
        and isinstance(content.get("size"), dict)
        and isinstance(content.get("objects"), list)
    )


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
