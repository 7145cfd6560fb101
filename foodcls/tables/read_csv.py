"""Reads CSV tables that people or spreadsheets wrote, row by row, and says what is wrong."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foodcls.errors import TableError
from foodcls.tables.decode_text import BOM, decode_text
from foodcls.tables.spreadsheet import unmark_cell

SHOWN = 10  # problems that a message lists
# what people and tools call a picture's column and its class's, in lower case: the first counts
PICTURES = (*("filename", "file_name", "image_name", "image_path", "image", "file", "path", "img"),)
CLASSES = ("class", "label", "class_name", "label_name", "category", "category_name")
SAME = {"path": PICTURES, "label": CLASSES, "url": ("image_url", "img_url", "link", "address")}
MAX_BYTES = 100_000_000
MAX_LINE = 100_000  # characters; a row is names and numbers
# not splitlines(): it also breaks lines at characters that belong into a cell
_LINE_END = re.compile(r"\r\n|\r|\n")
_HEADER = re.compile(rf"[^{BOM}\r\n ][^\r\n]*")


@dataclass(frozen=True)
class CsvRow:
    """A row: the number of its line in the file, from 1, and its cells by column name."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Problem:
    """A row that cannot be used, and why."""

    number: int
    name: str  # what the row speaks of, shortened
    reason: str
    file: str = ""  # in a folder of files: which one


def read_sheet(
    path: Path, wanted: Sequence[str], *, needs_all: bool, header: Sequence[str] = ()
) -> tuple[list[CsvRow], list[Problem]]:
    """Read rows with the `wanted` columns, in any order and case; further columns are left out.

    A row is a line: a quoted cell ends on the line where it began. A cell copied from a table of
    ours stands for what it was made from, see foodcls.tables.spreadsheet. `header` is for a file
    without one, whose first line is a row. TableError when the file cannot be read as CSV, or a
    wanted column stands twice or (with `needs_all`) not at all.
    """
    return parse_sheet(path, read_text(path), wanted, needs_all=needs_all, header=header)


def parse_sheet(
    path: Path, text: str, wanted: Sequence[str], *, needs_all: bool, header: Sequence[str] = ()
) -> tuple[list[CsvRow], list[Problem]]:
    """As `read_sheet`, of a text; `path` is what errors name."""
    lines = split_lines(text.removeprefix(BOM))
    first, header = 0 if header else 1, header or parse_header(path, lines[0])
    check_header(path, header, wanted, needs_all=needs_all)
    header = plain_header(header, wanted)
    rows: list[CsvRow] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line.strip(", \t"):
            continue
        cells = parse_line(line)
        if isinstance(cells, str):
            problems.append(Problem(number, shorten(line), cells))
        elif any(cells[len(header) :]):
            problems.append(
                Problem(number, shorten(line), f"{len(cells)} cells, the header has {len(header)}")
            )
        else:
            padded = cells + [""] * (len(header) - len(cells))
            named = dict(zip(header, map(unmark_cell, padded), strict=False))
            rows.append(CsvRow(number, {name: named[name] for name in wanted if name in named}))
    return rows, problems


def read_header(path: Path) -> list[str]:
    """The names of the columns; TableError when the file cannot be read as CSV."""
    return parse_header(path, read_text(path))


def list_problems(problems: Sequence[Problem]) -> str:
    """The first problems, a line each, and how many more there are."""
    lines = [
        f"  {item.file + ', ' if item.file else ''}row {item.number}: {item.name!r}: {item.reason}"
        for item in problems[:SHOWN]
    ]
    if len(problems) > SHOWN:
        lines.append(f"  and {len(problems) - SHOWN} more")
    return "\n".join(lines)


def refuse_problems(path: Path, problems: Sequence[Problem], advice: str) -> None:
    """TableError that lists the problems of a file, if there are any, in the order of its rows."""
    if problems:
        listed = list_problems(sorted(problems, key=lambda item: item.number))
        raise TableError(f"{path}: {len(problems)} row(s) cannot be used\n{listed}\n{advice}")


def read_text(path: Path) -> str:
    """The file's text, a mark of its encoding included; TableError when it is no text.

    UTF-16 with its mark, Windows-1252, semicolons and tabs, as spreadsheets write them, are read.
    """
    try:
        # a pipe or a device would be read for ever
        if path.exists() and not path.is_file():
            raise TableError(f"{path}: not a file; name a CSV file")
        if path.stat().st_size > MAX_BYTES:
            raise TableError(f"{path}: more than {MAX_BYTES} bytes; give a CSV of rows of text")
        data = path.read_bytes()
        return _with_commas(path, decode_text(path, data))
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}; name a CSV file") from error


def find_separator(text: str) -> str:
    """What stands between a table's cells: a semicolon or tab where its header has no comma."""
    header = _HEADER.search(text)
    bare = re.sub(r'"[^"]*"', "", header[0]) if header else ""
    return next((mark for mark in ",;\t" if mark in bare), ",")


def split_lines(text: str) -> list[str]:
    """The lines of a text; a quoted cell ends on the line where it began."""
    return _LINE_END.split(text)


def parse_line(line: str, separator: str = ",") -> list[str] | str:
    """The cells, or what is wrong with the line."""
    if len(line) > MAX_LINE:
        return f"a line of {len(line)} characters, at most {MAX_LINE}"
    if "\0" in line:
        return "holds a NUL character"
    try:
        return next(csv.reader([line], strict=True, delimiter=separator), [])
    except csv.Error:
        return "a quote is not closed on its line"


def format_line(cells: Iterable[str]) -> str:
    """The cells as a line, without its end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


def parse_header(path: Path, text: str) -> list[str]:
    """The names of the columns in a text's first line; TableError when it cannot be read."""
    cells = parse_line(_LINE_END.split(text, maxsplit=1)[0].removeprefix(BOM))
    if isinstance(cells, str):
        raise TableError(f"{path}: header: {cells}; save the table as CSV in UTF-8")
    return [cell.strip() for cell in cells]


def match_columns(header: Sequence[str], roles: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which column plays each role: the first of its names that stands there, in any case.

    A role may be missing, and no column plays two.
    """
    found: dict[str, str] = {}
    for role, names in roles.items():
        free = [cell for cell in reversed(header) if cell not in found.values()]
        called = {cell.casefold(): cell for cell in free} | {cell: cell for cell in free}
        if name := next((name for name in names if name in called), None):
            found[role] = called[name]
    return found


def plain_header(header: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """The header, in which the columns that are wanted have these names."""
    names = {cell: name for name, cell in _find_columns(header, wanted).items()}
    return [names.get(cell, cell) for cell in header]


def check_header(
    path: Path, header: Sequence[str], wanted: Sequence[str], *, needs_all: bool = True
) -> None:
    """TableError when a wanted column stands twice or (with `needs_all`) not at all."""
    named = _find_columns(header, wanted)
    twice = [name for name, cell in named.items() if header.count(cell) > 1]
    missing = [name for name in wanted if name not in named]
    if twice:
        raise TableError(f"{path}: columns {twice} stand twice in the header; keep one of each")
    if missing and (needs_all or len(missing) == len(wanted)):
        found = shorten(",".join(header))
        raise TableError(
            f"{path}: columns {missing} are missing; the header must name "
            f"{','.join(wanted)}, found {found!r}"
        )


def plain_label(text: str) -> str:
    """A class's name in the one form in which those that look the same are equal."""
    return unicodedata.normalize("NFC", text.strip())


def shorten(text: str) -> str:
    """The text, or its beginning, as a message quotes it."""
    return text if len(text) <= 80 else text[:77] + "..."


def _find_columns(header: Sequence[str], wanted: Iterable[str]) -> dict[str, str]:
    roles = {name: (name, name.casefold(), *SAME.get(name, ())) for name in wanted}
    return match_columns(header, roles)


def _with_commas(path: Path, text: str) -> str:
    """The table with commas between its cells, whatever stands there."""
    if (separator := find_separator(text)) == ",":
        return text
    lines = list[str]()
    for number, line in enumerate(split_lines(text.removeprefix(BOM)), start=1):
        cells = parse_line(line, separator)
        if isinstance(cells, str):
            raise TableError(f"{path}: row {number}: {cells}; correct it in the table")
        lines.append(format_line(cells))
    # with the mark, by which a spreadsheet knows what is written back as UTF-8
    return BOM + ("\r\n" if "\r\n" in text else "\n").join(lines)
