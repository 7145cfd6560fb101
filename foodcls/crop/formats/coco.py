"""Reads COCO's JSON: images, categories and, for each box, an annotation."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from foodcls.crop.formats.documents import Unreadable, open_documents, parse_json
from foodcls.crop.formats.raw_box import (
    RawBox,
    as_dicts,
    as_text,
    bounds,
    corner_and_size,
    find_angle,
    of_table,
    turned_corner_and_size,
)
from foodcls.tables.read_csv import Problem


def read_coco(path: Path) -> Iterator[RawBox | Problem]:
    """bbox is x, y, width, height; without one, the bounds of the segmentation's polygons."""
    for document in open_documents(path, ".json", _parse_coco):
        if isinstance(document, Problem):
            yield document
            continue
        content = document.content
        images = {as_text(item.get("id")): item for item in as_dicts(content["images"])}
        kinds = {
            as_text(item.get("id")): as_text(item.get("name"))
            for item in as_dicts(content.get("categories"))
        }
        # it gives the stored size of a photo that it shows upright
        info = content.get("info")
        is_upright = isinstance(info, dict) and info.get("contributor") == "Label Studio"
        for number, item in enumerate(content["annotations"], start=1):
            found = _read_annotation(number, item, images, kinds)
            found = replace(found, is_upright=is_upright) if isinstance(found, RawBox) else found
            yield of_table(found, document.file)


def _parse_coco(data: bytes) -> dict[str, Any]:
    content = parse_json(data)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations")
    ):
        raise Unreadable("no COCO: images and annotations must be lists")
    for key, name in (("images", "file_name"), ("categories", "name")):
        _refuse_twins(content.get(key), key, name)
    return content


def _refuse_twins(items: object, key: str, name: str) -> None:
    """Which of two pictures with one id an annotation means cannot be known."""
    seen: dict[str, object] = {}
    for item in as_dicts(items):
        known = seen.setdefault(as_text(item.get("id")), item.get(name))
        if known != item.get(name):
            raise Unreadable(
                f"{key}: the id {item.get('id')!r} is {str(known)[:80]!r} "
                f"and {str(item.get(name))[:80]!r}; give each an id of its own"
            )


def _read_annotation(
    number: int, item: Any, images: dict[str, dict[str, Any]], kinds: dict[str, str]
) -> RawBox | Problem:
    if not isinstance(item, dict):
        return Problem(number, "", "an annotation is not a JSON object")
    image = images.get(as_text(item.get("image_id")))
    if image is None:
        return Problem(number, "", f"no image has the id {str(item.get('image_id'))[:80]!r}")
    name = as_text(image.get("file_name"))
    if item.get("iscrowd") == 1:
        return Problem(number, name[:80], "a crowd, not one thing")
    kind = as_text(item.get("category_id"))
    box, segments = item.get("bbox"), item.get("segmentation")
    # some tools write four zeros where only the outline was drawn
    numbers = tuple(box) if isinstance(box, list) and any(box) else ()
    shape = corner_and_size
    if not numbers and isinstance(segments, dict):
        return Problem(number, name[:80], "a mask without a bbox")
    angle = find_angle(item)
    if not numbers and isinstance(segments, list):
        flat = [value for part in segments if isinstance(part, list) for value in part]
        numbers, shape = tuple(flat), bounds
    elif angle and len(numbers) == 4:
        numbers, shape = (*numbers, angle), turned_corner_and_size
    return RawBox(
        number=number,
        name=name,
        label=kinds.get(kind, f"category {kind}"),
        numbers=numbers,
        shape=shape,
        size=(image.get("width"), image.get("height")),
    )
