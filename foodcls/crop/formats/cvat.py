"""Reads CVAT's XML for images: a file of many pictures, with their shapes as attributes."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from foodcls.crop.formats.documents import Document, Unreadable, parse_xml, read_items
from foodcls.crop.formats.raw_box import (
    RawBox,
    bounds,
    corner_and_size,
    ellipse,
    turned_in_place,
)
from foodcls.tables.read_csv import Problem

# the attributes that a shape's box is made of, and how; of others `points` has those around it
SIDES = {
    "box": (("xtl", "ytl", "xbr", "ybr", "rotation"), turned_in_place),
    "ellipse": (("cx", "cy", "rx", "ry", "rotation"), ellipse),
    "mask": (("left", "top", "width", "height"), corner_and_size),
}
# marks that surround nothing
FLAT = ("points", "cuboid", "skeleton", "tag")


def read_cvat(path: Path) -> Iterator[RawBox | Problem]:
    """Boxes and ellipses, turned ones too, and the bounds of polygons and masks."""
    return read_items(path, ".xml", _parse_cvat, _list_shapes, _read_shape)


def _parse_cvat(data: bytes) -> Element:
    root = parse_xml(data)
    if root.tag != "annotations" or root.find("image") is None:
        raise Unreadable("no CVAT for images: annotations need image; export it in that format")
    return root


def _list_shapes(root: Element) -> list[tuple[Element, Element]]:
    return [(image, shape) for image in root.iterfind("image") for shape in image]


def _read_shape(
    number: int, found: tuple[Element, Element], document: Document[Element]
) -> RawBox | Problem:
    image, shape = found
    name = image.get("name", "")
    if shape.tag in FLAT:
        return Problem(number, name[:80], f"a {shape.tag!r} is no box")
    points = shape.get("points", "").replace(";", ",").split(",")
    keys, around = SIDES.get(shape.tag, ((), bounds))
    given = {"rotation": "0"} | shape.attrib
    return RawBox(
        number=number,
        name=name,
        label=shape.get("label", ""),
        numbers=tuple(given.get(key) for key in keys) if keys else tuple(points),
        shape=around,
        size=(image.get("width"), image.get("height")),
        is_upright=True,  # whatever size it writes, it shows photos upright
    )
