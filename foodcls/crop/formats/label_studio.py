"""Reads what Label Studio exports, as CSV, as JSON and as JSON-MIN: boxes in percent."""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from foodcls.crop.formats.documents import Unreadable, open_documents, parse_json
from foodcls.crop.formats.raw_box import (
    Edges,
    RawBox,
    as_dicts,
    as_text,
    bounds,
    corner_and_size,
    flatten_points,
    turned_at_corner,
)
from foodcls.tables.read_csv import CsvRow, Problem, read_header, read_sheet

PICTURES = ("image", "img", "picture", "photo", "url", "file", "filename", "path")
LABELS = ("rectanglelabels", "polygonlabels", "labels")
SIDES = ("x", "y", "width", "height")


def read_csv(path: Path) -> Iterator[RawBox | Problem]:
    """A row an annotated picture; any column may hold the JSON list of its boxes."""
    rows, problems = read_sheet(path, list(dict.fromkeys(read_header(path))), needs_all=True)
    yield from problems
    for row in rows:
        name = _find_picture(row.cells)
        try:
            yield from _read_regions(_read_cells(row), name, count(row.number, 0))
        except Unreadable as error:
            yield Problem(row.number, name[:80], str(error))


def read_json(path: Path) -> Iterator[RawBox | Problem]:
    """Tasks with their annotations; cancelled ones and a model's predictions do not count."""
    for document in open_documents(path, ".json", parse_json):
        if isinstance(document, Problem):
            yield document
            continue
        content, numbers = document.content, count(1)
        for task in as_dicts(content if isinstance(content, list) else [content]):
            data = task.get("data")
            name = _find_picture(data if isinstance(data, dict) else task)
            yield from _read_regions(_list_results(task), name, numbers)


def picture_names(text: str) -> tuple[str, ...]:
    """What the picture was called before it was uploaded: Label Studio puts 8 digits before it."""
    path = unquote(text).partition("?d=")[2] or unquote(text)
    last = re.split(r"[/\\]", path)[-1]
    return path, last, re.sub(r"^[0-9a-f]{8}-", "", last)


def _find_picture(cells: dict[str, Any]) -> str:
    keys = {key.lower(): key for key in cells}
    found = (cells[keys[name]] for name in PICTURES if name in keys)
    return next((value.strip() for value in found if isinstance(value, str)), "")


def _read_cells(row: CsvRow) -> Iterable[dict[str, Any]]:
    for cell in row.cells.values():
        if cell.lstrip().startswith("["):
            yield from as_dicts(parse_json(cell))


def _list_results(task: dict[str, Any]) -> Iterable[dict[str, Any]]:
    annotations = task.get("annotations", task.get("completions"))
    if annotations is None:  # JSON-MIN: the boxes lie beside the picture
        for values in task.values():
            yield from as_dicts(values)
        return
    for annotation in as_dicts(annotations):
        if annotation.get("was_cancelled") is not True:
            yield from as_dicts(annotation.get("result"))


def _read_regions(
    results: Iterable[dict[str, Any]], name: str, numbers: Iterator[int]
) -> Iterator[RawBox | Problem]:
    for result in results:
        value = result.get("value")
        region = {**result, **value} if isinstance(value, dict) else result
        # a choice or a text that was given with the picture is no region of it
        if any(key in region for key in (*SIDES[:2], "points")):
            number = next(numbers)
            try:
                yield _read_region(region, name, number)
            except Unreadable as error:
                yield Problem(number, name[:80], str(error))


def _read_region(region: dict[str, Any], name: str, number: int) -> RawBox:
    labels: Any = next((region[key] for key in LABELS if region.get(key)), [])
    if not isinstance(labels, list) or len(labels) != 1:
        raise Unreadable("a region needs one class, in rectanglelabels")
    if region.get("image_rotation"):
        raise Unreadable(f"drawn on the picture turned by {region['image_rotation']} degrees")
    size = region.get("original_width", 0), region.get("original_height", 0)
    numbers, shape = tuple(region.get(key) for key in SIDES), corner_and_size
    if "points" in region:
        numbers, shape = flatten_points(region["points"]), bounds
    elif region.get("rotation"):
        numbers, shape = (*numbers, region["rotation"], *size), _turned_percent
    return RawBox(number, name, as_text(labels[0]), numbers, shape, size, picture_names(name))


def _turned_percent(values: Any) -> Edges:
    """The box around a turned one, in percent: a turn keeps lengths in pixels only."""
    x, y, across, down, degrees, width, height = values
    if width <= 0 or height <= 0:
        raise ValueError("a turned box without the picture's size")
    turned = turned_at_corner((x * width, y * height, across * width, down * height, degrees))
    return turned[0] / width, turned[1] / height, turned[2] / width, turned[3] / height
