"""Reads Pascal VOC's XML, a file a picture, as LabelImg and CVAT write it."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from foodcls.crop.formats.documents import Document, Unreadable, parse_xml, read_items
from foodcls.crop.formats.raw_box import Edges, RawBox, turned_at_center
from foodcls.tables.read_csv import Problem

EDGES = ("xmin", "ymin", "xmax", "ymax")
TURNED = ("cx", "cy", "w", "h", "angle")


def read_voc(path: Path) -> Iterator[RawBox | Problem]:
    """A file, or a folder of files.

    Pixels are taken as they stand, from 0: VOC's own counted from 1, today's tools do not.
    """
    return read_items(path, ".xml", _parse_voc, lambda root: root.iterfind("object"), _read_object)


def _parse_voc(data: bytes) -> Element:
    root = parse_xml(data)
    if root.tag != "annotation":
        raise Unreadable(f"no Pascal VOC: its root is {root.tag[:80]!r}, not 'annotation'")
    return root


def _read_object(number: int, item: Element, document: Document[Element]) -> RawBox:
    root = document.content
    turned = item.find("robndbox")  # of roLabelImg
    box, keys = (turned, TURNED) if turned is not None else (item.find("bndbox"), EDGES)
    raw = RawBox(
        number=number,
        name=_text(root, "filename") or document.stem,
        label=_text(item, "name"),
        numbers=tuple(_text(box, key) for key in keys) if box is not None else (),
        size=(_text(root, "size/width"), _text(root, "size/height")),
        # the XML is named as its picture
        own_name=document.path,
        is_upright=_text(root, "owner/name") == "Label Studio",
        file=document.file,
    )
    return raw if turned is None else dataclasses.replace(raw, shape=_around_turned)


def _around_turned(values: Sequence[float]) -> Edges:
    *sides, radians = values
    return turned_at_center((*sides, math.degrees(radians)))


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
