"""Checks the boxes of an annotation file: each is usable, or a problem with its reason."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foodcls.crop.formats.detect import detect_format
from foodcls.crop.formats.raw_box import AnnotationFormat, Edges, RawBox
from foodcls.errors import TableError
from foodcls.tables.read_csv import SHOWN, Problem, list_problems, plain_label

# as a spreadsheet writes it in most of Europe; of three digits behind it, it may mark thousands
DECIMAL_COMMA = re.compile(r"-?(?:0,\d+|\d+,(?!\d{3}$)\d+)", re.ASCII)
UNKNOWN_CLASS = "unknown class"


@dataclass(frozen=True)
class Box:
    """A box as written: from the top left corner of the picture, in the unit of its file."""

    number: int  # line of a table; annotation or object of a document
    name: str  # of the picture: a path, its last part, an address or an id
    label: str
    edges: Edges  # xmin, ymin, xmax, ymax
    size: tuple[int, int]  # of the picture, as the row says; 0, 0 when it does not
    own_name: str = ""  # the annotation file's own, or an uploaded file's: means the same picture
    is_upright: bool = False  # by a tool that shows pictures upright, whatever size it writes
    file: str = ""  # in a folder: which file
    is_table: bool = False  # that file has boxes of several pictures
    proposed: bool = False  # by a program; no person has accepted it


def read_boxes(
    path: Path, labels: Sequence[str], file_format: AnnotationFormat | None = None
) -> tuple[list[Box], list[Problem]]:
    """Read boxes, by default in the annotation format that the contents show.

    A row that cannot be used is a problem, an unreadable file a TableError.
    """
    known = {plain_label(label): label for label in labels}
    found = [
        item if isinstance(item, Problem) else _check_box(item, known)
        for item in (file_format or detect_format(path)).read(path)
    ]
    boxes = [item for item in found if isinstance(item, Box)]
    return boxes, [item for item in found if isinstance(item, Problem)]


def check_usable(path: Path, boxes: Sequence[Box], problems: Sequence[Problem]) -> None:
    """TableError where a file has rows and none of them is a box of a class of the recipe."""
    if problems and not boxes:
        raise TableError(
            f"{path}: {describe_problems(problems)}\nname the classes as the recipe does, or take "
            "crop.boxes out of it"
        )


def describe_problems(problems: Sequence[Problem]) -> str:
    """How many problems there are of each kind, and the first of them by number and reason."""
    # a kind is a reason without the names and numbers in it
    kinds = Counter(re.split(r"[,(']", item.reason)[0].strip() for item in problems)
    table = "\n".join(f"{number:>7}  {kind}" for kind, number in kinds.most_common(SHOWN))
    return f"{len(problems)} rows of the boxes cannot be used:\n{table}\n{list_problems(problems)}"


def size_differs(box: Box, size: tuple[int, int]) -> bool:
    """Whether the row was drawn on a picture of another size; 0x0 says nothing of it."""
    return box.size != (0, 0) and box.size != size


def _check_box(raw: RawBox, labels: Mapping[str, str]) -> Box | Problem:
    def refuse(reason: str) -> Problem:
        return Problem(raw.number, raw.name[:80], reason, raw.file)

    if not raw.name:
        return refuse("no filename")
    label = plain_label(raw.label)
    if label not in labels:
        alike = [name for name in labels if name.casefold() == label.casefold()]
        hint = f"; the recipe has {alike[0]!r}" if alike else ""
        return refuse(f"{UNKNOWN_CLASS} {raw.label[:80]!r}{hint}")
    try:
        numbers = [_to_number(value) for value in raw.numbers]
        width, height = (int(_to_number(side or 0)) for side in raw.size)
    except (ValueError, TypeError, OverflowError):
        return refuse("a side or an edge is not a number")
    if not all(map(math.isfinite, numbers)):
        return refuse("an edge is not finite")
    try:
        edges = raw.shape(numbers)
    except ValueError:
        return refuse(f"{len(numbers)} numbers do not make a box")
    reason = _fault(edges)
    if reason:
        return refuse(reason)
    rest = (raw.own_name, raw.is_upright, raw.file, raw.is_table, raw.proposed)
    return Box(raw.number, raw.name, labels[label], edges, (width, height), *rest)


def _to_number(value: object) -> float:
    # JSON's true is no 1
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"{type(value).__name__} is no number")
    if isinstance(value, str) and DECIMAL_COMMA.fullmatch(value):
        value = value.replace(",", ".")
    return float(value)


def _fault(edges: Edges) -> str:
    if not all(math.isfinite(edge) for edge in edges):
        return "an edge is not finite"
    xmin, ymin, xmax, ymax = edges
    if xmin > xmax or ymin > ymax:
        return "edges are swapped"
    return "no area" if xmin == xmax or ymin == ymax else ""
