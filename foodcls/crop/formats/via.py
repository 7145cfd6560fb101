"""Reads the VGG Image Annotator: CSV (2.x), a region a row with its shape as JSON; JSON (1-3)."""

import math
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import Unreadable, open_documents, parse_json
from foodcls.crop.formats.raw_box import (
    Edges,
    RawBox,
    as_dicts,
    as_text,
    bounds,
    circle,
    corner_and_size,
    ellipse,
    of_table,
)
from foodcls.tables.read_csv import Problem, read_header, read_sheet

Item = dict[str, Any]
SHAPE, ATTRIBUTES = "region_shape_attributes", "region_attributes"
NAMES = ("filename", "#filename")
VERSION_3 = ("metadata", "view", "file", "attribute")
# version 3 writes a shape as its number, behind which its values follow
NUMBERED = {2: "rect", 3: "circle", 4: "ellipse"}
POINTS = (5, 6, 7, 8)  # lines, polygons and the four outermost points of a thing
# of several attributes the first of these is the class
CLASS_KEYS = ("class", "label", "name", "category", "type", "object")


def _around_turned(values: Sequence[float]) -> Edges:
    *sides, radians = values
    return ellipse((*sides, math.degrees(radians)))


# the attributes that a shape's box is made of, and how
SHAPES = {
    "rect": (("x", "y", "width", "height"), corner_and_size),
    "circle": (("cx", "cy", "r"), circle),
    "ellipse": (("cx", "cy", "rx", "ry", "theta"), _around_turned),
}


def read_via(path: Path) -> Iterator[RawBox | Problem]:
    """Rectangles, circles, ellipses, the bounds of polygons; a row without a region is no box."""
    header = read_header(path)
    name = next((column for column in NAMES if column in header), NAMES[0])
    rows, problems = read_sheet(path, (name, SHAPE, ATTRIBUTES), needs_all=True)
    yield from problems
    for row in rows:
        cells = row.cells[SHAPE], row.cells[ATTRIBUTES]
        yield from _try_region(row.number, row.cells[name].strip(), *cells)


def read_via_json(path: Path) -> Iterator[RawBox | Problem]:
    """Pictures with their regions, in a list or, in version 1, by number; a project too."""
    for document in open_documents(path, ".json", parse_json):
        if isinstance(document, Problem):
            yield document
            continue
        numbers = count(1)
        for picture in as_dicts(list_pictures(document.content)):
            regions = picture["regions"]
            listed = list(regions.values()) if isinstance(regions, dict) else regions
            for region in as_dicts(listed):
                cells = region.get("shape_attributes"), region.get("region_attributes")
                for item in _try_region(next(numbers), as_text(picture["filename"]), *cells):
                    yield of_table(item, document.file)


def list_pictures(content: object) -> list[object]:
    """The pictures of a JSON file, where it is one of this tool, as version 2 writes them."""
    parts = [content.get(key) for key in VERSION_3] if isinstance(content, dict) else [None]
    if all(isinstance(part, dict) for part in parts):
        return list(_list_version_3(*parts))
    content = content.get("_via_img_metadata", content) if isinstance(content, dict) else None
    pictures = list(content.values()) if isinstance(content, dict) else []
    is_via = all(
        isinstance(item, dict) and {"filename", "regions"} <= set(item) for item in pictures
    )
    return pictures if is_via else []


def _list_version_3(
    annotations: Item, views: Item, files: Item, attributes: Item
) -> Iterator[dict[str, object]]:
    """The picture of each annotation: its view names files, of which the first counts."""
    for item in as_dicts(list(annotations.values())):
        view = views.get(as_text(item.get("vid")))
        numbers = view.get("fid_list") if isinstance(view, dict) else None
        file = files.get(as_text(numbers[0])) if isinstance(numbers, list) and numbers else None
        name = as_text(file.get("fname")) if isinstance(file, dict) else ""
        values = item.get("av")
        region = {
            "shape_attributes": _name_shape(item.get("xy")),
            "region_attributes": dict(
                _name_attribute(attributes.get(key), value)
                for key, value in (values if isinstance(values, dict) else {}).items()
            ),
        }
        yield {"filename": name, "regions": [region]}


def _name_shape(numbers: object) -> dict[str, object]:
    if not isinstance(numbers, list) or not numbers:
        return {}
    kind, *rest = numbers
    if kind in POINTS:
        return {"name": "polygon", "all_points_x": rest[::2], "all_points_y": rest[1::2]}
    name = NUMBERED.get(kind, "") if isinstance(kind, int) else ""
    keys = SHAPES[name][0] if name else ()
    return {"name": name or f"number {kind}", **dict(zip(keys, rest, strict=False))}


def _name_attribute(attribute: object, value: object) -> tuple[str, object]:
    """What the attribute is called, and the option that was chosen, or the text."""
    facts = attribute if isinstance(attribute, dict) else {}
    options = facts.get("options")
    chosen = options.get(as_text(value), value) if isinstance(options, dict) else value
    return as_text(facts.get("aname")), chosen


def _try_region(
    number: int, name: str, shape: object, attributes: object
) -> Iterator[RawBox | Problem]:
    try:
        yield from _read_region(number, name, _read_object(shape), _read_object(attributes))
    except Unreadable as error:
        yield Problem(number, name[:80], str(error))


def _read_region(
    number: int, name: str, shape: dict[str, object], attributes: dict[str, object]
) -> Iterator[RawBox | Problem]:
    if not shape:
        return
    label, kind = _find_class(attributes), as_text(shape.get("name"))
    if kind in SHAPES:
        keys, around = SHAPES[kind]
        given = {"theta": 0} | shape
        yield RawBox(number, name, label, tuple(given.get(key) for key in keys), around)
    elif kind in ("polygon", "polyline"):
        yield RawBox(number, name, label, _read_points(shape), bounds)
    else:
        yield Problem(number, name[:80], f"a region of the kind {kind[:20]!r} is no box")


def _read_object(cell: object) -> dict[str, object]:
    value = (parse_json(cell) if cell.strip() else {}) if isinstance(cell, str) else cell
    if not isinstance(value, dict):
        raise Unreadable("a cell is not a JSON object")
    return value


def _read_points(shape: dict[str, object]) -> tuple[object, ...]:
    across, down = shape.get("all_points_x"), shape.get("all_points_y")
    if not isinstance(across, list) or not isinstance(down, list) or len(across) != len(down):
        raise Unreadable("a polygon without as many x as y")
    return tuple(value for point in zip(across, down, strict=True) for value in point)


def _find_class(attributes: dict[str, object]) -> str:
    """The class: an attribute of a telling name, or the only one there is."""
    keys = {key.lower(): key for key in attributes}
    named = [keys[key] for key in CLASS_KEYS if key in keys]
    value = attributes[named[0]] if named else next(iter(attributes.values()), "")
    if not named and len(attributes) > 1:
        raise Unreadable(f"which of {sorted(attributes)} is the class? call it class")
    if isinstance(value, dict):  # boxes to tick: {"apple": true}
        ticked = [key for key, is_on in value.items() if is_on is True]
        if len(ticked) != 1:
            raise Unreadable(f"{len(ticked)} classes are ticked, not one")
        return ticked[0]
    return as_text(value).strip()
