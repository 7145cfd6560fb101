"""Writes the ground truth of a sample web as the tables that a person would make by hand."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from foodcls.sample.dishes import LABELS
from foodcls.sample.web import SampleItem, SampleWeb
from foodcls.store.store import replacing

BOX_COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
FILTER_COLUMNS = ("path", "keep", "reason")


def write_boxes(web: SampleWeb, path: Path) -> None:
    """Write the true box of each picture that shows the dish it was found as."""
    _write(path, BOX_COLUMNS, _box_rows(web))


def write_filter(web: SampleWeb, path: Path) -> None:
    """Write which pictures to keep: all but wrong dishes, distractors and placeholders."""
    _write(path, FILTER_COLUMNS, _filter_rows(web))


def _box_rows(web: SampleWeb) -> Iterator[Sequence[object]]:
    for item in _pictures(web):
        frame = item.frame if item.label == item.found_as else None
        if frame:
            box, width, height = frame
            yield item.file, width, height, item.label, *box


def _filter_rows(web: SampleWeb) -> Iterator[Sequence[object]]:
    for item in _pictures(web):
        is_dish = item.label == item.found_as
        shown = item.label or item.kind.rpartition(":")[2]
        yield item.file, int(is_dish), "" if is_dish else f"shows {shown}"


def _pictures(web: SampleWeb) -> Iterator[SampleItem]:
    return (item for label in LABELS for item in web.items(label) if item.is_picture)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
