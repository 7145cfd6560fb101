"""Changes single rows of a CSV that a person wrote and leaves every other line as it was.

A table in UTF-16 or Windows-1252, or with semicolons or tabs, is written back in UTF-8 with commas.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from foodcls.errors import TableError
from foodcls.store.store import write_whole
from foodcls.tables.decode_text import BOM
from foodcls.tables.read_csv import (
    format_line,
    parse_header,
    parse_line,
    plain_header,
    read_text,
    shorten,
    split_lines,
)


@dataclass(frozen=True)
class Sheet:
    """The lines of a CSV, the header first: line n of the file is `lines[n - 1]`."""

    lines: tuple[str, ...]
    newline: str = "\n"
    known: tuple[str, ...] = ()  # names of columns, which a person may have written differently

    @property
    def columns(self) -> list[str]:
        """The names in the header; those that are known as they are known."""
        header = [cell.strip() for cell in _cells(self.lines[0].removeprefix(BOM))]
        return plain_header(header, self.known)


def open_sheet(path: Path, columns: Sequence[str]) -> Sheet:
    """Read a file's lines; where there is no file or nothing in it, a header of `columns`.

    TableError when the file, or its header, cannot be read.
    """
    text = read_text(path) if path.exists() else ""
    if not text.strip(f"{BOM}\r\n\t "):
        return Sheet((",".join(columns),))
    parse_header(path, text)
    lines = split_lines(text)
    # the last line ends in a line break: what follows it is no row
    newline = "\r\n" if "\r\n" in text else "\n"
    return Sheet(tuple(lines if lines[-1] else lines[:-1]), newline, tuple(columns))


def edit_rows(sheet: Sheet, changes: Mapping[int, Mapping[str, str]]) -> Sheet:
    """Put cells into lines, by their numbers; the other cells of these lines stay."""
    sheet = _widen(sheet, changes.values())
    columns, lines = sheet.columns, list(sheet.lines)
    for number, cells in changes.items():
        before = _cells(lines[number - 1])[: len(columns)]
        # an absent cell is empty; further columns may have the same name
        now = zip_longest(columns, before, fillvalue="")
        lines[number - 1] = format_line(cells.get(name, cell) for name, cell in now)
    return replace(sheet, lines=tuple(lines))


def add_rows(sheet: Sheet, rows: Sequence[Mapping[str, str]]) -> Sheet:
    """Append rows of cells; a column that the header lacks is added behind the others."""
    sheet = _widen(sheet, rows)
    columns = sheet.columns
    added = (format_line(cells.get(name, "") for name in columns) for cells in rows)
    return replace(sheet, lines=(*sheet.lines, *added))


def remove_rows(sheet: Sheet, numbers: Collection[int]) -> Sheet:
    """Take out these lines; the lines behind them move up."""
    kept = (line for number, line in enumerate(sheet.lines, start=1) if number not in numbers)
    return replace(sheet, lines=tuple(kept))


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write the file, whole or not at all; a link to it stays one."""
    text = "".join(line + sheet.newline for line in sheet.lines)
    write_whole(path.resolve(), text)


def _widen(sheet: Sheet, rows: Iterable[Mapping[str, str]]) -> Sheet:
    columns = sheet.columns
    missing = dict.fromkeys(name for cells in rows for name in cells if name not in columns)
    if not missing:
        return sheet
    # behind the others: rows that are shorter than the header read as before
    return replace(sheet, lines=(",".join([sheet.lines[0], *missing]), *sheet.lines[1:]))


def _cells(line: str) -> list[str]:
    cells = parse_line(line)
    if isinstance(cells, str):
        raise TableError(f"the row {shorten(line)!r}: {cells}; correct it in a text editor")
    return cells
