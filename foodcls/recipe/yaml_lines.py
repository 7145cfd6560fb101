"""Reads YAML with the line of each key, and quotes text; knows nothing of what keys mean."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from foodcls.errors import RecipeError

Lines = dict[tuple[int | str, ...], int]
MAX_BYTES = 1_000_000
MAX_DEPTH = 32  # of brackets: PyYAML takes a second for a thousand, and nine for five thousand
PLAIN = re.compile(r"[\w./][\w ./-]*")  # text that may need no quotes

# PyYAML's words for what people do most, and what is to be done
WORDS = (
    ("character '\\t'", "a tab; YAML takes blanks alone: put two blanks in its place"),
    ("cannot start", "this character begins no value; put the text into quotes"),
    ("mapping values", "a second ': ' where a value or a new line was expected; the line may be "
     "indented too far, or its text needs quotes"),
    ("block end", "this line is indented unlike those it belongs with; keys of one section begin "
     "in the same column"),
    ("expected ':'", "a key without a colon; write KEY: VALUE, with a blank behind the colon"),
    ("expected ','", "a bracket that is not closed, or a comma that is missing"),
    ("end of stream", "a quote or bracket that is not closed"),
)  # fmt: skip


class _Loader(yaml.SafeLoader):
    """YAML 1.2 words and numbers: `no` is a word, `3e-5` is a number."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if not pair[0].endswith((":bool", ":float", ":timestamp"))]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|nan)$"),
    list("-+.0123456789"),
)


def read_file(path: Path) -> bytes:
    """What the file holds; RecipeError when it is absent or too large for a recipe."""
    try:
        # a device has no end
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}; name a recipe file") from error
    if len(data) > MAX_BYTES:
        raise RecipeError(f"{path}: a recipe has at most {MAX_BYTES} bytes")
    return data


def parse_yaml(data: bytes, path: Path) -> tuple[dict[str, Any], Lines]:
    """The mapping in a file's bytes, and the line (from 1) at which each key stands.

    RecipeError, which names `path`, when it is not YAML, repeats a key, or holds no mapping.
    """
    try:
        text = data.decode("utf-8-sig")
        refuse_nesting(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        lines = _key_lines(node, path)
        value = loader.construct_document(node) if node else None
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise RecipeError(f"{path}: {describe_trouble(error)}") from error
    if not isinstance(value, dict):
        raise RecipeError(
            f"{path}: a recipe is a mapping of keys to values, found {type(value).__name__}"
        )
    return value, lines


def parse_value(text: str) -> Any:
    """A value as a recipe would read it: `4` is a number, `[a, b]` a list."""
    try:
        refuse_nesting(text)
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        raise RecipeError(f"{text!r} is not a YAML value: {describe_trouble(error)}") from error


def quote(text: str) -> str:
    """The text as a value that is read back as it is, in quotes where it needs them."""
    is_plain = PLAIN.fullmatch(text) and text == text.strip() and parse_value(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def describe_trouble(error: Exception) -> str:
    """What is wrong with a text that is no YAML, and where, as a person would say it."""
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    words = next((text for begin, text in WORDS if begin in problem), f"not YAML: {problem}")
    return f"line {mark.line + 1}, column {mark.column + 1}: {words}" if mark else words


def refuse_nesting(text: str) -> None:
    """YAMLError when brackets lie deeper in each other than anybody writes them."""
    depth = 0
    for mark in re.findall(r"[][{}]", text):
        depth = depth + 1 if mark in "[{" else max(0, depth - 1)
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"brackets nested more than {MAX_DEPTH} deep")


def _key_lines(node: yaml.Node | None, path: Path) -> Lines:
    lines: Lines = {(): 1}

    def visit(place: tuple[int | str, ...], node: yaml.Node) -> None:
        if len(lines) > 100_000:
            raise RecipeError(f"{path}: too many values (aliases that multiply?)")
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                lines[(*place, index)] = item.start_mark.line + 1
                visit((*place, index), item)
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, item in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise RecipeError(f"{path}: line {line}: key {key.value!r} stands twice")
                seen.add(key.value)
                lines[(*place, key.value)] = line
                visit((*place, key.value), item)

    if node is not None:
        visit((), node)
    return lines
