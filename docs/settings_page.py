"""Describes every setting of a recipe as Markdown: from the models and the comments beside them."""

import ast
import inspect
import json
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from foodcls.recipe.recipe import Recipe
from foodcls.recipe.spelling import choices, find_section
from foodcls.recipe.types import (
    ClassName,
    ExistingFile,
    ExistingFiles,
    ExistingFolder,
    ExistingFolders,
    ExistingPath,
    Settings,
)

# where the page of recipes has them
PLACE = "<!-- settings -->"
# checks of our own, which no bound tells
NAMED = (
    (ExistingFiles, "file, or a list of them"),
    (ExistingFolders, "folder, or a list of them"),
    (ExistingFile, "file"),
    (ExistingFolder, "folder"),
    (ExistingPath, "file or folder"),
    (ClassName, "text of 1 to 100 letters of any script, digits, blanks and _ - . ( ) & '"),
)
PLAIN = {int: "whole number", float: "number", str: "text", bool: "`true`, `false`"}
BOUNDS = {
    "ge": "at least {:,}",
    "gt": "more than {:,}",
    "le": "at most {:,}",
    "lt": "less than {:,}",
    "min_length": "at least {:,} long",
    "max_length": "at most {:,} long",
    "pattern": "matching `{}`",
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs for each page."""
    if PLACE not in markdown:
        return markdown
    return markdown.replace(PLACE, "\n".join(map(as_markdown, list_sections())))


@dataclass(frozen=True)
class Entry:
    """One setting."""

    key: str
    meaning: str
    allowed: str
    default: str


@dataclass(frozen=True)
class Section:
    """The settings under one dotted key, which is empty for the recipe itself."""

    key: str
    about: str
    entries: tuple[Entry, ...]


def list_sections(model: type[Settings] = Recipe, key: str = "") -> Iterator[Section]:
    """A model's settings, then those of the sections in it."""
    fields, comments = model.model_fields, read_comments(model)
    inner = {name: found for name, field in fields.items()
             if (found := find_section(field.annotation))}  # fmt: skip
    told = {name: _about(found).partition("\n\n")[0] for name, found in inner.items()}
    keys = {name: f"{key}.{name}".strip(".") for name in inner}
    entries = (
        Entry(
            name,
            _sentence(comments.get(name) or told.get(name, ""), field.annotation),
            _allowed(field),
            _default(field, keys.get(name, "")),
        )
        for name, field in fields.items()
    )
    yield Section(key, _about(model), tuple(entries))
    for name, found in inner.items():
        yield from list_sections(found, keys[name])


def as_markdown(section: Section) -> str:
    """A heading, what the section is, and a table of its settings."""
    title = f"## `{section.key}` {{ #{section.key} }}" if section.key else "## All sections"
    head = ["| key | what it is | allowed | default |", "|---|---|---|---|"]
    rows = [f"| `{one.key}` | {one.meaning} | {_cell(one.allowed)} | {one.default} |"
            for one in section.entries]  # fmt: skip
    return "\n".join([title, "", section.about, "", *head, *rows, ""])


def describe_type(annotation: Any) -> str:
    """What a value may be, in words: "whole number, at least 0"."""
    named = next((words for known, words in NAMED if annotation == known), "")
    origin, inner = get_origin(annotation), get_args(annotation)
    if named or annotation in PLAIN:
        return named or PLAIN[annotation]
    if origin is Annotated:
        return ", ".join([describe_type(inner[0]), *_bounds(inner[1:])])
    if origin in (Union, UnionType):
        return "; or ".join("`null`" if one is NoneType else describe_type(one) for one in inner)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if origin is tuple:
        count = "any number" if inner[-1] is Ellipsis else str(len(inner))
        return f"list, {count} of: {describe_type(inner[0])}"
    return "section"


def read_comments(model: type[Settings]) -> dict[str, str]:
    """What the comments beside and above each field say, for inherited fields too."""
    parts = [part for part in reversed(model.__mro__) if "__annotations__" in vars(part)]
    return {
        name: text
        for part in parts
        if issubclass(part, Settings)
        for name, text in _own_comments(inspect.getsource(part)).items()
    }


def _own_comments(source: str) -> dict[str, str]:
    tokens = [token for token in tokenize.generate_tokens(StringIO(source).readline)
              if token.type == tokenize.COMMENT]  # fmt: skip
    said = {token.start[0]: token.string.lstrip("# ") for token in tokens}
    alone = {token.start[0] for token in tokens if token.line.lstrip().startswith("#")}
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.ClassDef)
    return {
        node.target.id: _join(_lines_of(node, alone), said)
        for node in definition.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def _lines_of(node: ast.AnnAssign, alone: set[int]) -> tuple[range, range]:
    """The lines of a field, and those of the comment directly above it."""
    first = node.lineno
    while first - 1 in alone:
        first -= 1
    return range(node.lineno, (node.end_lineno or node.lineno) + 1), range(first, node.lineno)


def _join(places: Sequence[range], said: Mapping[int, str]) -> str:
    texts = (" ".join(said[line] for line in lines if line in said) for lines in places)
    return "; ".join(filter(None, texts))


def _about(model: type[Settings]) -> str:
    return inspect.getdoc(model) or ""


def _allowed(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    # pydantic takes the outermost bounds off the annotation
    for bound in field.metadata:
        annotation = Annotated[annotation, bound]
    return describe_type(annotation)


def _default(field: FieldInfo, key: str) -> str:
    if field.is_required():
        return "must be given"
    if isinstance(field.default, Settings):
        return f"[as below](#{key})"
    value = field.default
    if isinstance(value, str) and value:
        return f"`{value}`"
    return f"`{f'{value:g}' if isinstance(value, float) else json.dumps(value)}`"


def _bounds(metadata: Sequence[Any]) -> list[str]:
    parts = [part for item in metadata for part in getattr(item, "metadata", [item])]
    found = {name: value for name in BOUNDS for part in parts
             if (value := getattr(part, name, None)) is not None}  # fmt: skip
    if "ge" in found and "le" in found:
        return [f"{found['ge']:,} to {found['le']:,}"]
    return [BOUNDS[name].format(value) for name, value in found.items()]


def _sentence(text: str, annotation: Any) -> str:
    """The text with a capital; a word that is a value stays as it is written, as code."""
    values = "|".join(sorted({*choices(annotation), "null", "true", "false"}, key=len))
    marked = re.sub(rf"(^|[;,] )({values})(?=:|, )", r"\1`\2`", text)
    return _cell(marked)


def _cell(text: str) -> str:
    return (text[:1].upper() + text[1:]).replace("|", "\\|")
