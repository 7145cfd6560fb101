"""Says what is wrong with a recipe's values: the line, what stands there, and what is allowed."""

import difflib
from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from foodcls.recipe.yaml_lines import Lines


def list_problems(
    error: ValidationError, lines: Lines, overrides: Mapping[str, Any], model: type[BaseModel]
) -> list[str]:
    """A line for each problem that pydantic found with the values of a `model`."""
    return [_problem(item, lines, overrides, model) for item in error.errors()]


def _problem(item: Any, lines: Lines, overrides: Mapping[str, Any], model: type[BaseModel]) -> str:
    place = tuple(item["loc"])
    key = ".".join(str(part) for part in place) or "the recipe"
    where = "override" if key in overrides else f"line {_line(place, lines)}"
    if item["type"] == "extra_forbidden":
        return f"  {where}: {key}: unknown key{_suggest(place, model)}"
    if item["type"] == "missing":
        return f"  {where}: {key}: missing; this key must be given"
    message = item["msg"].removeprefix("Value error, ")
    value = "" if isinstance(item["input"], dict | list) else f" = {item['input']!r}"
    return f"  {where}: {key}{value}: {message}"


def _line(place: tuple[int | str, ...], lines: Lines) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _suggest(place: tuple[int | str, ...], model: Any) -> str:
    for part in place[:-1]:
        if isinstance(part, str):
            model = _section(model.model_fields[part].annotation)
    allowed = list(model.model_fields)
    close = difflib.get_close_matches(str(place[-1]), allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint}; allowed here: {', '.join(allowed)}"


def _section(annotation: Any) -> Any:
    """The model behind a section, also where it is one of a list or may be null."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (part for part in get_args(annotation) if part not in (Ellipsis, NoneType))
    return next(filter(None, map(_section, inner)), None)
