"""Reads CVAT's XML for images: a file of many pictures, with their shapes as attributes."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from foodcls.crop.formats.documents import Unreadable, open_documents, parse_xml
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
    for document in open_documents(path, ".xml", _parse_cvat):
        if isinstance(document, Problem):
            yield document
            continue
        shapes = [(image, shape) for image in document.content.iterfind("image") for shape in image]
        for number, (image, shape) in enumerate(shapes, start=1):
            yield _read_shape(number, shape, image)


def _parse_cvat(data: bytes) -> Element:
    root = parse_xml(data)
    if root.tag != "annotations" or root.find("image") is None:
        raise Unreadable("no CVAT for images: annotations need image; export it in that format")
    return root


def _read_shape(number: int, shape: Element, image: Element) -> RawBox | Problem:
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
