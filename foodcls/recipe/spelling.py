"""Accepts other spellings of a recipe: words in any case, a class as its name alone."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel


def spell_out(value: Any, annotation: Any) -> Any:
    """The value as a model's annotation has it, as far as only its spelling differs."""
    section = find_section(annotation)
    if isinstance(value, list):
        return [spell_out(item, annotation) for item in value]
    if isinstance(value, dict) and section:
        known = section.model_fields
        return {
            key: spell_out(inner, known[key].annotation) if key in known else inner
            for key, inner in value.items()
        }
    if not isinstance(value, str):
        return value
    if section and "name" in section.model_fields:
        return {"name": value}
    return next((word for word in choices(annotation) if word.lower() == value.lower()), value)


def choices(annotation: Any) -> Iterator[str]:
    """The words that a value may be."""
    inner = get_args(annotation)
    if get_origin(annotation) is Literal:
        yield from (word for word in inner if isinstance(word, str))
    else:
        for part in inner:
            yield from choices(part)


def find_section(annotation: Any) -> type[BaseModel] | None:
    """The model behind a section, also where it is one of a list or may be null."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(find_section, get_args(annotation))), None)
