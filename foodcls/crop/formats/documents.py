"""Opens JSON and XML files that anyone may have written, bounded in bytes and in depth."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from foodcls.crop.formats.raw_box import RawBox, of_table
from foodcls.errors import TableError
from foodcls.tables.read_csv import MAX_BYTES, Problem

MAX_DEPTH = 64  # a polygon in COCO lies 6 deep, a VOC edge 4
Content = TypeVar("Content")
Item = TypeVar("Item")


class Unreadable(Exception):
    """A document that cannot be used; the message says why."""


@dataclass(frozen=True)
class Document(Generic[Content]):
    """A parsed file; `file` is its path within the folder, empty when it was named itself."""

    content: Content
    stem: str
    file: str = ""

    @property
    def path(self) -> str:
        """The path within the folder without its ending, as that of a picture beside it."""
        return self.file.rpartition(".")[0] or self.stem


def open_documents(
    path: Path, suffix: str, parse: Callable[[bytes], Content]
) -> Iterator[Document[Content] | Problem]:
    """Parse a file, or each file of a folder with this suffix.

    A file that cannot be used is a problem of its folder, and a TableError when it was named
    itself or when no file of the folder is better.
    """
    if not path.is_dir():
        try:
            yield Document(parse(read_bounded(path)), path.stem)
        except Unreadable as error:
            raise TableError(f"{path}: {error}; export the boxes anew") from error
        return
    problems, count = [], 0
    for file in list_files(path, suffix):
        name = file.relative_to(path).as_posix()
        try:
            yield Document(parse(read_bounded(file)), file.stem, name)
            count += 1
        except Unreadable as error:
            problems.append(Problem(0, file.name, str(error), name))
    if not count:
        first = f": {problems[0].name}: {problems[0].reason}" if problems else ""
        raise TableError(f"{path}: no {suffix} file can be read{first}; export the boxes anew")
    yield from problems


def read_items(
    path: Path,
    suffix: str,
    parse: Callable[[bytes], Content],
    find: Callable[[Content], Iterable[Item]],
    read: Callable[[int, Item, Document[Content]], RawBox | Problem],
) -> Iterator[RawBox | Problem]:
    """What `read` makes of each item that `find` finds in a document, numbered from 1 in each."""
    for document in open_documents(path, suffix, parse):
        if isinstance(document, Problem):
            yield document
        else:
            for number, item in enumerate(find(document.content), start=1):
                yield of_table(read(number, item, document), document.file)


def list_files(folder: Path, suffix: str) -> list[Path]:
    """Files with this suffix, in all folders below, in the order of their names."""
    # a Mac leaves ._name beside each file that it copies
    found = (path for path in folder.rglob("*") if not path.name.startswith("."))
    return sorted(path for path in found if path.suffix.lower() == suffix and path.is_file())


def read_bounded(path: Path) -> bytes:
    """The bytes of a file; Unreadable when it is too long."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unreadable(f"more than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(str(error.strerror)) from error


def parse_json(data: bytes | str) -> Any:
    """A JSON value no deeper than MAX_DEPTH; Unreadable when there is none."""
    try:
        value = json.loads(data.decode("utf-8-sig") if isinstance(data, bytes) else data)
    # ValueError: no JSON, no UTF-8, or a number of more digits than Python converts
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:100]
        raise Unreadable(f"not JSON: {reason}") from error
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inner_values(outer)]
    if level:
        raise Unreadable(f"JSON nested more than {MAX_DEPTH} deep")
    return value


def parse_json_lines(data: bytes) -> list[Any]:
    """The JSON values of the lines of a text; Unreadable when one of them is none."""
    return [parse_json(line) for line in data.splitlines() if line.strip()]


def parse_xml(data: bytes) -> Element:
    """The root of an XML file; Unreadable when it is none, or declares a type or an entity.

    Nothing is expanded or fetched: without a DOCTYPE there are no entities but the five of XML.
    """
    builder, depth = TreeBuilder(), 0

    def open_tag(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise Unreadable(f"XML nested more than {MAX_DEPTH} deep")
        builder.start(tag, attributes)

    def close_tag(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise Unreadable("XML with a DOCTYPE, which no box needs; take it out")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = open_tag, close_tag
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    # LookupError and ValueError: a declared encoding that Python does not know or cannot use
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Unreadable(f"not XML: {error}") from error
    return builder.close()


def _inner_values(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
