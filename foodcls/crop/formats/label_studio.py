"""Reads what Label Studio exports, as CSV, as JSON and as JSON-MIN: boxes in percent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
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
    corner_and_size,
    ellipse,
    flatten_points,
    of_table,
    turned_at_corner,
)
from foodcls.crop.names import names_picture
from foodcls.tables.read_csv import Problem, read_header, read_sheet, shorten

PICTURES = ("image", "img", "picture", "photo", "url", "file", "filename", "path")
LABELS = ("rectanglelabels", "polygonlabels", "ellipselabels", "labels")
SIDES = ("x", "y", "width", "height")
ROUND = ("x", "y", "radiusX", "radiusY")
# regions of painted pixels and of curves, without a box
BRUSHES = ("rle", "brushlabels", "bitmasklabels", "vectorlabels")
OLDER = "an older annotation of its picture, of which the newest counts"
Rank = tuple[bool, bool, str, int]  # is a person's, is the ground truth, when, id


@dataclass(frozen=True)
class Pictures:
    """What a task calls its picture, the name of an uploaded file, and what may be meant too."""

    name: str
    own_name: str
    by_key: dict[str, str]

    def pick(self, target: str, targets: set[str]) -> str:
        """The picture of a region, by the name of what it was drawn on; Unreadable if open."""
        if target in self.by_key:
            return self.by_key[target]
        if len(set(self.by_key.values())) > 1 and (len(targets) > 1 or not self.name):
            shown = ", ".join(map(shorten, self.by_key.values()))
            raise Unreadable(f"on one of several pictures ({shown}); export a picture a task")
        return self.name


def read_csv(path: Path) -> Iterator[RawBox | Problem]:
    """A row an annotated picture; any column may hold the JSON list of its boxes."""
    rows, problems = read_sheet(path, list(dict.fromkeys(read_header(path))), needs_all=True)
    yield from problems
    yield from _read_tasks((row.cells, count(row.number, 0)) for row in rows)


def read_json(path: Path) -> Iterator[RawBox | Problem]:
    """Tasks with their annotations, but for cancelled ones; where none is there, predictions."""
    for document in open_documents(path, ".json", parse_json):
        if isinstance(document, Problem):
            yield document
            continue
        content, numbers = document.content, count(1)
        tasks = as_dicts(content if isinstance(content, list) else [content])
        for item in _read_tasks((task, numbers) for task in tasks):
            yield of_table(item, document.file)


def _read_tasks(
    tasks: Iterable[tuple[dict[str, Any], Iterator[int]]],
) -> Iterator[RawBox | Problem]:
    """Of several annotations of a picture one counts: the ground truth, or the newest.

    Several people annotate a task, and a picture that was imported twice is two tasks.
    """
    groups: dict[object, list[tuple[Rank, list[RawBox | Problem]]]] = {}
    for task, numbers in tasks:
        pictures, number = _find_pictures(task), as_text(task.get("id"))
        # several tasks may show one picture for comparison, each beside another one
        shown = (pictures.name or number, *sorted(pictures.by_key.values()))
        key = shown if number else object()
        try:
            for annotation, results, is_guess in _list_annotations(task):
                regions = list(_read_regions(results, pictures, numbers, proposed=is_guess))
                # that there is nothing to draw is a person's answer, too
                if regions or (not is_guess and annotation.get("result") == []):
                    rank = _rank(annotation, is_guess=is_guess)
                    groups.setdefault(key, []).append((rank, regions))
        except Unreadable as error:
            yield Problem(next(numbers), pictures.name[:80], str(error))
    for annotations in groups.values():
        newest = max(annotations, key=lambda item: item[0])
        for item in annotations:
            for region in item[1]:
                is_old = item is not newest and isinstance(region, RawBox)
                yield Problem(region.number, region.name[:80], OLDER) if is_old else region


def _find_pictures(task: dict[str, Any]) -> Pictures:
    """What the task calls its picture, under whatever key."""
    data = task.get("data")
    cells = {
        key.lower(): value for key, value in (data if isinstance(data, dict) else task).items()
    }
    named = [cells[key] for key in PICTURES if isinstance(cells.get(key), str)]
    upload = as_text(task.get("file_upload"))
    # an upload may also be the list of tasks itself
    own_name = upload if names_picture(upload) else ""
    by_key = {key: str(value).strip() for key, value in cells.items() if names_picture(value)}
    alone = by_key.values() if len(set(by_key.values())) == 1 else ()
    name = next((name.strip() for name in (*named, *alone, own_name) if name), "")
    return Pictures(name, own_name, by_key)


def _list_annotations(
    task: dict[str, Any],
) -> Iterator[tuple[dict[str, Any], Iterable[dict[str, Any]], bool]]:
    """Each with its regions, and whether it is a model's, which no person has accepted."""
    annotations = task.get("annotations", task.get("completions"))
    if annotations is None:  # JSON-MIN, or a row of a table: the boxes lie beside the picture
        regions = [item for value in task.values() for item in as_dicts(_parse_cell(value))]
        yield task, regions, False
    for annotation in as_dicts(annotations):
        if annotation.get("was_cancelled") is not True:
            yield annotation, as_dicts(annotation.get("result")), False
    for guess in () if annotations else as_dicts(task.get("predictions")):
        yield guess, as_dicts(guess.get("result")), True


def _parse_cell(value: object) -> object:
    is_json = isinstance(value, str) and value.lstrip().startswith("[{")
    return parse_json(str(value)) if is_json else value


def _rank(annotation: dict[str, Any], *, is_guess: bool) -> Rank:
    when = as_text(annotation.get("updated_at")) or as_text(annotation.get("created_at"))
    with suppress(ValueError, OverflowError):  # what is no date stays a text
        told = datetime.fromisoformat(when)
        # one without a zone means the same on every machine
        when = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    number = as_text(annotation.get("annotation_id", annotation.get("id")))
    place = int(number) if number.isdecimal() and len(number) < 20 else 0
    return not is_guess, annotation.get("ground_truth") is True, when, place


def _read_regions(
    results: Iterable[dict[str, Any]],
    pictures: Pictures,
    numbers: Iterator[int],
    *,
    proposed: bool,
) -> Iterator[RawBox | Problem]:
    regions = [
        {**result, **value} if isinstance(value := result.get("value"), dict) else result
        for result in results
    ]
    # a region's class, or a choice about it, may be a result of its own, of the same id
    named = {as_text(region.get("id")) for region in regions if _find_labels(region)} - {""}
    targets = {as_text(region.get("to_name")).lower() for region in regions}
    for region in regions:
        if not _find_labels(region) and as_text(region.get("id")) in named:
            continue
        # a choice or a text that was given with the picture is no region of it
        if any(key in region for key in (*SIDES[:2], "points", *BRUSHES)):
            number = next(numbers)
            try:
                name = pictures.pick(as_text(region.get("to_name")).lower(), targets)
                own_name = pictures.own_name if name == pictures.name else ""
                raw = _read_region(region, name, own_name, number)
                yield replace(raw, proposed=proposed)
            except Unreadable as error:
                yield Problem(number, pictures.name[:80], str(error))


def _read_region(region: dict[str, Any], name: str, own_name: str, number: int) -> RawBox:
    if any(key in region for key in BRUSHES):
        raise Unreadable("painted, not drawn as a box")
    labels = _find_labels(region)
    if not isinstance(labels, list) or len(labels) != 1:
        raise Unreadable("a region needs one class, in rectanglelabels")
    if region.get("image_rotation"):
        raise Unreadable(f"drawn on the picture turned by {region['image_rotation']} degrees")
    size = region.get("original_width", 0), region.get("original_height", 0)
    numbers, shape = tuple(region.get(key) for key in SIDES), corner_and_size
    if "points" in region:
        numbers, shape = flatten_points(region["points"]), bounds
    elif "radiusX" in region:
        numbers = (*(region.get(key) for key in ROUND), region.get("rotation", 0), *size)
        shape = partial(_turned_percent, ellipse)
    elif region.get("rotation"):
        numbers = (*numbers, region["rotation"], *size)
        shape = partial(_turned_percent, turned_at_corner)
    label = as_text(labels[0])
    return RawBox(number, name, label, numbers, shape, size, own_name, is_upright=True)


def _find_labels(region: dict[str, Any]) -> Any:
    return next((region[key] for key in LABELS if region.get(key)), [])


def _turned_percent(around: Callable[[Sequence[float]], Edges], values: Any) -> Edges:
    """The box around a turned shape, in percent: a turn keeps lengths in pixels only."""
    x, y, across, down, degrees, width, height = values
    if width <= 0 or height <= 0:
        raise ValueError("a turned box without the picture's size")
    turned = around((x * width, y * height, across * width, down * height, degrees))
    return turned[0] / width, turned[1] / height, turned[2] / width, turned[3] / height
