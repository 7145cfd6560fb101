"""Reads YOLO's folder: a .txt a picture, a box a line, and the names of the classes beside."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from foodcls.crop.formats.documents import (
    Document,
    Unreadable,
    list_files,
    open_documents,
    read_bounded,
)
from foodcls.crop.formats.raw_box import RawBox, bounds, center_and_size
from foodcls.errors import TableError
from foodcls.recipe.yaml_lines import refuse_nesting
from foodcls.tables.read_csv import Problem

CLASS_LISTS = ("classes.txt", "obj.names")
# read where there is no other: labelImg's lists what is not drawn here, too
SPARE_LISTS = ("labels.txt", "predefined_classes.txt", "_darknet.labels")
# files of a YOLO folder that hold no boxes
OTHERS = (
    *("classes", "train", "val", "valid", "test", "readme", "requirements"),
    *("labels", "predefined_classes", "labelmap"),
)
LINE = re.compile(r"^[ \t]*\S+([ \t,]+[-+.\deE]+){4,}[ \t\r]*$", re.MULTILINE)
MAX_YAML = 100_000  # bytes: a thousand classes take 40,000, and PyYAML 10 s for these


def read_yolo(path: Path) -> Iterator[RawBox | Problem]:
    """Lines `class cx cy w h`, or `class x y x y …` for a polygon; class counts from 0.

    Of a pose, by `kpt_shape` of data.yaml, the numbers behind the box are key points.
    """
    if not path.is_dir():
        raise TableError(
            f"{path}: a single file of YOLO lacks the classes or the boxes; name the folder that "
            "holds the labels and classes.txt or data.yaml"
        )
    (names, points), has_folder = find_classes(path), _has_folder(path)
    for document in open_documents(path, ".txt", _parse_text):
        if isinstance(document, Problem):
            yield document
        elif _is_labels(Path(document.file), has_folder=has_folder):
            yield from _read_lines(document, names, points)


def holds_labels(folder: Path) -> bool:
    """Whether a .txt holds a box: one below a folder `labels`, where there is one."""
    has_folder = _has_folder(folder)
    return any(
        LINE.search(read_bounded(file).decode(errors="replace"))
        for file in list_files(folder, ".txt")
        if _is_labels(file.relative_to(folder), has_folder=has_folder)
    )


def find_classes(folder: Path) -> tuple[list[str], int]:
    """The class names by number, and how many numbers of key points each line has.

    TableError when there are no names, or two lists that differ.
    """
    found: dict[str, list[str]] = {}
    spare: dict[str, list[str]] = {}
    points = 0
    try:
        for suffix in (".txt", ".names", ".labels"):
            for file in list_files(folder, suffix):
                if file.name in CLASS_LISTS + SPARE_LISTS:
                    lines = _parse_text(read_bounded(file)).splitlines()
                    named = [line.strip() for line in lines if line.strip()]
                    (found if file.name in CLASS_LISTS else spare)[str(file)] = named
        for suffix in (".yaml", ".yml"):
            for file in list_files(folder, suffix):
                settings = _parse_yaml(read_bounded(file))
                points = max(points, _count_point_numbers(settings.get("kpt_shape")))
                if names := _find_names(settings):
                    found[str(file)] = names
    except Unreadable as error:
        raise TableError(f"{folder}: the list of classes: {error}; write it anew") from error
    found = found or spare
    if not found:
        raise TableError(
            f"{folder}: no class names; put classes.txt (a name a line) or data.yaml beside them"
        )
    lists = list(found.values())
    if any(names != lists[0] for names in lists):
        raise TableError(f"{folder}: {' and '.join(found)} name other classes; keep one of them")
    return lists[0], points


def _has_folder(folder: Path) -> bool:
    return any(path.is_dir() for path in folder.rglob("labels"))


def _is_labels(file: Path, *, has_folder: bool) -> bool:
    inside = not has_folder or "labels" in file.parts[:-1]
    return inside and file.stem.lower().partition(".")[0] not in OTHERS


def _picture_path(file: str) -> str:
    """The path below the last folder `labels`, as the picture's is below `images`."""
    parts = Path(file).with_suffix("").parts
    below = [number for number, part in enumerate(parts[:-1], start=1) if part == "labels"]
    return "/".join(parts[below[-1] if below else 0 :])


def _parse_text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 text, at byte {error.start}") from error


def _count_point_numbers(shape: object) -> int:
    """Points times numbers of each, by `kpt_shape` of a data.yaml; 0 when it is no such pair."""
    if isinstance(shape, list) and len(shape) == 2 and all(map(_is_small_number, shape)):
        return int(shape[0]) * int(shape[1])
    return 0


def _is_small_number(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"\d{1,4}", text, re.ASCII) is not None


def _parse_yaml(data: bytes) -> dict[str, Any]:
    """What a data.yaml holds, all of its values as text; empty when it holds something else."""
    if len(data) > MAX_YAML:
        raise Unreadable(f"a YAML file of more than {MAX_YAML} bytes")
    try:
        # the base loader makes texts of all values: a class may be called `no`
        text = _parse_text(data)
        refuse_nesting(text)
        content: Any = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable(f"not YAML: {str(error)[:100]}") from error
    return content if isinstance(content, dict) else {}


def _find_names(content: dict[str, Any]) -> list[str]:
    """`names` of a data.yaml, a list or a mapping of numbers; empty when it has none."""
    names = content.get("names")
    if isinstance(names, dict):
        names = [names.get(str(number)) for number in range(len(names))]
    if names is not None and not (
        isinstance(names, list) and all(isinstance(name, str) for name in names)
    ):
        raise Unreadable("names is no list of class names, counted from 0")
    return names or []


def _read_lines(
    document: Document[str], names: Sequence[str], points: int
) -> Iterator[RawBox | Problem]:
    path = _picture_path(document.file)
    if document.content.strip() and not LINE.search(document.content):
        yield Problem(0, path, "no line of it is: class cx cy w h", document.file)
        return
    for number, line in enumerate(document.content.splitlines(), start=1):
        cells = line.split()
        if not cells:
            continue
        # four sides or points, and where their number is even, a confidence behind them
        sides = tuple(cells[1 : len(cells) - (len(cells) + 1) % 2])
        if points and len(cells) - 5 - points in (0, 1):
            sides = sides[:4]
        if len(sides) < 4:
            reason = f"{len(cells)} values; a line is: class cx cy w h"
            yield Problem(number, path, reason, document.file)
        elif not (cells[0].isascii() and cells[0].isdigit() and int(cells[0][:9]) < len(names)):
            reason = f"class {cells[0][:20]!r} of {len(names)}, counted from 0"
            yield Problem(number, path, reason, document.file)
        elif len(cells) == 7 and not points and cells[6].isdecimal() and int(cells[6][:9]):
            reason = "7 values: a triangle, or a box with confidence and track; leave these out"
            yield Problem(number, path, reason, document.file)
        else:
            shape = center_and_size if len(sides) == 4 else bounds
            label = names[int(cells[0][:9])]
            yield RawBox(number, path, label, sides, shape, file=document.file)
