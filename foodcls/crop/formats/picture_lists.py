"""Reads JSON that lists pictures with their boxes: CreateML, VoTT, and Vertex AI's lines."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import Document, parse_json, parse_json_lines, read_items
from foodcls.crop.formats.raw_box import (
    RawBox,
    as_dicts,
    as_text,
    center_and_size,
    corner_and_size,
    corners,
)
from foodcls.tables.read_csv import Problem

Item = dict[str, Any]
SIDES = ("x", "y", "width", "height")
EDGES = ("xMin", "yMin", "xMax", "yMax")


def read_createml(path: Path) -> Iterator[RawBox | Problem]:
    """A list of pictures; the coordinates of a box are those of its center."""
    return _read_all(path, "annotations", list_createml, _read_createml)


def read_vott(path: Path) -> Iterator[RawBox | Problem]:
    """The assets of a project, or the file of one asset."""
    return _read_all(path, "regions", list_vott, _read_vott)


def read_vertex(path: Path) -> Iterator[RawBox | Problem]:
    """Google's Vertex AI (AutoML): a picture a line, corners in shares of it."""
    return _read_all(path, "boundingBoxAnnotations", as_dicts, _read_vertex, ".jsonl")


def list_createml(content: object) -> list[Item]:
    """The pictures of a JSON file, where it is one of this tool."""
    items = as_dicts(content)
    return [item for item in items if _name_picture(item) and "annotations" in item]


def list_vott(content: object) -> list[Item]:
    """The pictures of a JSON file, where it is one of this tool."""
    assets = content.get("assets", content) if isinstance(content, dict) else content
    items = [assets, *assets.values()] if isinstance(assets, dict) else []
    return [item for item in as_dicts(items) if isinstance(item.get("asset"), dict)]


def _read_all(
    path: Path,
    key: str,
    find: Callable[[object], Iterable[Item]],
    read: Callable[[int, Item, Item], RawBox | Problem],
    suffix: str = ".json",
) -> Iterator[RawBox | Problem]:
    def list_regions(content: object) -> list[tuple[Item, Item]]:
        return [(item, part) for item in find(content) for part in as_dicts(item.get(key))]

    def read_region(number: int, pair: tuple[Item, Item], _: Document[Any]) -> RawBox | Problem:
        return read(number, *pair)

    parse = parse_json if suffix == ".json" else parse_json_lines
    return read_items(path, suffix, parse, list_regions, read_region)


def _name_picture(item: Item) -> str:
    return as_text(item.get("image")) or as_text(item.get("imagefilename"))


def _read_createml(number: int, picture: Item, item: Item) -> RawBox:
    numbers, label = _pick(item.get("coordinates"), SIDES), as_text(item.get("label"))
    return RawBox(number, _name_picture(picture), label, numbers, center_and_size)


def _read_vott(number: int, picture: Item, item: Item) -> RawBox | Problem:
    asset, tags = picture["asset"], item.get("tags")
    name = as_text(asset.get("name")) or as_text(asset.get("path"))
    if not isinstance(tags, list) or len(tags) != 1:
        return Problem(number, name[:80], "a region needs one class, in tags")
    numbers = _pick(item.get("boundingBox"), ("left", "top", "width", "height"))
    width, height = _pick(asset.get("size"), SIDES[2:])
    return RawBox(number, name, as_text(tags[0]), numbers, corner_and_size, (width, height))


def _read_vertex(number: int, picture: Item, item: Item) -> RawBox:
    name, label = as_text(picture.get("imageGcsUri")), as_text(item.get("displayName"))
    return RawBox(number, name, label, _pick(item, EDGES), corners)


def _pick(values: object, keys: tuple[str, ...]) -> tuple[object, ...]:
    """The values of these keys; absent ones are no numbers, and are told as such."""
    return tuple(values.get(key) if isinstance(values, dict) else None for key in keys)
