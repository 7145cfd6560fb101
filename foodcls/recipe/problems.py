"""Says what is wrong with a recipe's values: the line, what stands there, and what is allowed."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from foodcls.recipe.spelling import find_section
from foodcls.recipe.yaml_lines import Lines

# pydantic's words for what a value is not
WORDS = {
    "int_type": "must be a whole number, such as 8",
    "int_from_float": "must be a whole number, such as 8",
    "float_type": "must be a number, such as 0.2",
    "bool_type": "must be true or false",
    "string_type": 'must be a text; put it in quotes if it looks like a number: "12"',
    "tuple_type": "must be a list, such as [a, b]",
    "model_type": "must be a section: keys with values, such as {key: value}",
    "missing": "missing; this key must be given",
}


def list_problems(
    error: ValidationError, lines: Lines, overrides: Mapping[str, Any], model: type[BaseModel]
) -> list[str]:
    """A line for each value of a `model` that pydantic found wrong."""
    found: dict[tuple[int | str, ...], list[str]] = {}
    values: dict[tuple[int | str, ...], str] = {}
    for item in error.errors():
        place = _place(item["loc"], model)
        found.setdefault(place, []).append(_words(item, place, model))
        values[place] = _shown(item)
    return [
        _line_of(place, lines, overrides) + values[place] + ": " + _either(found[place])
        for place in found
        # a list with a wrong item is told of as too short as well
        if not any(other[: len(place)] == place != other for other in found)
    ]


def _place(loc: Sequence[int | str], model: Any) -> tuple[int | str, ...]:
    """Where it stands in the recipe: pydantic also names the ways in which it tried to read it."""
    place: list[int | str] = []
    for part in loc:
        if isinstance(part, str) and model is None:
            break
        place.append(part)
        if isinstance(part, str):
            known = model.model_fields.get(part)
            model = known and find_section(known.annotation)
    return tuple(place)


def _shown(item: Any) -> str:
    """The value, where it fits into the line."""
    told = item["type"] in ("extra_forbidden", "missing")
    return "" if told or isinstance(item["input"], dict | list) else f" = {item['input']!r}"


def _words(item: Any, place: tuple[int | str, ...], model: type[BaseModel]) -> str:
    if item["type"] == "extra_forbidden":
        return f"unknown key{_suggest(place, model)}"
    if item["input"] is None and item["type"] != "missing":
        return "is empty; write a value, or leave the key out"
    if item["type"] == "too_short":
        least, there = item["ctx"]["min_length"], item["ctx"]["actual_length"]
        return f"needs at least {least}, found {there}"
    message = item["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return WORDS.get(item["type"], message)


def _either(words: Sequence[str]) -> str:
    """What one value may be in several ways."""
    first, *others = dict.fromkeys(words)
    return " or ".join([first, *(other.removeprefix("must be ") for other in others)])


def _line_of(place: tuple[int | str, ...], lines: Lines, overrides: Mapping[str, Any]) -> str:
    if place and isinstance(place[-1], int) and place not in lines:
        # a value that was written alone, where a list may stand
        place = place[:-1]
    key = ".".join(map(str, place)) or "the recipe"
    where = "override" if key in overrides else f"line {_line(place, lines)}"
    return f"  {where}: {key}"


def _line(place: tuple[int | str, ...], lines: Lines) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _suggest(place: tuple[int | str, ...], model: Any) -> str:
    for part in place[:-1]:
        if isinstance(part, str):
            model = find_section(model.model_fields[part].annotation)
    allowed = list(model.model_fields)
    close = difflib.get_close_matches(str(place[-1]), allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint}; allowed here: {', '.join(allowed)}"
