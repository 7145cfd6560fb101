"""Holds a box as a tool wrote it, with the ways in which tools write the same four edges."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foodcls.tables.read_csv import Problem

Edges = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax


def corners(values: Sequence[float]) -> Edges:
    """xmin, ymin, xmax, ymax."""
    xmin, ymin, xmax, ymax = values
    return xmin, ymin, xmax, ymax


def corner_and_size(values: Sequence[float]) -> Edges:
    """x and y of the top left corner, width, height."""
    x, y, width, height = values
    # 12.7 + 33.3 must not touch a pixel more than 46 does
    return x, y, round(x + width, 9), round(y + height, 9)


def center_and_size(values: Sequence[float]) -> Edges:
    """x and y of the center, width, height."""
    x, y, width, height = values
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def circle(values: Sequence[float]) -> Edges:
    """x and y of the center, radius."""
    x, y, radius = values
    return x - radius, y - radius, x + radius, y + radius


def ellipse(values: Sequence[float]) -> Edges:
    """The box around one turned about its center: x and y of that, its radii, degrees."""
    x, y, across, down, degrees = values
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    width, height = math.hypot(across * cos, down * sin), math.hypot(across * sin, down * cos)
    return x - width, y - height, x + width, y + height


def bounds(values: Sequence[float]) -> Edges:
    """The box around points: x, y, x, y and so on."""
    if len(values) < 4 or len(values) % 2:
        raise ValueError(f"{len(values)} numbers")
    across, down = values[::2], values[1::2]
    return min(across), min(down), max(across), max(down)


def turned_at_corner(values: Sequence[float]) -> Edges:
    """The box around one turned at its corner: x, y, width, height, degrees clockwise."""
    x, y, width, height, degrees = values
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    points = [
        (x + across * cos - down * sin, y + across * sin + down * cos)
        for across in (0, width)
        for down in (0, height)
    ]
    return bounds([round(value, 9) for point in points for value in point])


def turned_at_center(values: Sequence[float]) -> Edges:
    """The box around one turned at its center: x and y of that, width, height, degrees."""
    x, y, width, height, degrees = values
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    left = x - width / 2 * cos + height / 2 * sin
    top = y - width / 2 * sin - height / 2 * cos
    return turned_at_corner((left, top, width, height, degrees))


def turned_in_place(values: Sequence[float]) -> Edges:
    """The box around one turned about its middle: xmin, ymin, xmax, ymax, degrees."""
    xmin, ymin, xmax, ymax, degrees = values
    if not degrees:
        return xmin, ymin, xmax, ymax
    center = (xmin + xmax) / 2, (ymin + ymax) / 2
    return turned_at_center((*center, xmax - xmin, ymax - ymin, degrees))


def turned_corner_and_size(values: Sequence[float]) -> Edges:
    """The box around one turned about its middle: x, y, width and height before that, degrees."""
    *sides, degrees = values
    return turned_in_place((*corner_and_size(sides), degrees))


@dataclass(frozen=True)
class RawBox:
    """A box as the file has it: nothing is checked, a number may be text or absent."""

    number: int  # line of a table; annotation, region or object of a document, from 1
    name: str  # of the picture, as the file says it
    label: str
    numbers: tuple[object, ...]
    shape: Callable[[Sequence[float]], Edges] = corners  # what `numbers` are
    size: tuple[object, object] = (0, 0)  # of the picture: width, height; 0: not known
    own_name: str = ""  # the annotation file's own, or an uploaded file's: means the same picture
    is_upright: bool = False  # by a tool that shows pictures upright, whatever size it writes
    file: str = ""  # in a folder: which file
    is_table: bool = False  # that file has boxes of several pictures
    proposed: bool = False  # by a program; no person has accepted it


@dataclass(frozen=True)
class AnnotationFormat:
    """An annotation format: its name, its unit, and the function that reads its files."""

    name: str
    unit: str  # pixels, percent, share; empty when the format does not say
    read: Callable[[Path], Iterator[RawBox | Problem]]


def of_table(item: RawBox | Problem, file: str) -> RawBox | Problem:
    """An item of a folder's file of several pictures, where it does not name its file itself."""
    if not file or item.file:
        return item
    named = replace(item, file=file)
    return replace(named, is_table=True) if isinstance(named, RawBox) else named


def as_text(value: object) -> str:
    """Text of a JSON value that names something; empty when it cannot."""
    # a table writes the numbers of a column that has gaps as 7.0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def flatten_points(points: object) -> tuple[object, ...]:
    """[[x, y], [x, y]] as (x, y, x, y); empty when it is no list of points."""
    pairs = points if isinstance(points, list) else []
    if not all(isinstance(point, list) and len(point) == 2 for point in pairs):
        return ()
    return tuple(value for point in pairs for value in point)


def find_angle(item: Mapping[str, object]) -> object:
    """CVAT writes the corner of the box before the turn, and the turn as an attribute."""
    attributes = item.get("attributes")
    return attributes.get("rotation") if isinstance(attributes, dict) else None


def as_dicts(values: object) -> Iterable[dict[str, object]]:
    """The JSON objects of a list, or none."""
    return [item for item in values if isinstance(item, dict)] if isinstance(values, list) else []
