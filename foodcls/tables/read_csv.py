"""Turns a CSV that a person or a spreadsheet wrote into rows of text, with what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foodcls.tables.csv_lines import (
    check_header,
    parse_header,
    parse_line,
    read_text,
    shorten,
    split_lines,
)
from foodcls.tables.spreadsheet import unmark_cell

SHOWN = 10  # problems that a message lists


@dataclass(frozen=True)
class Row:
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
    path: Path, wanted: Sequence[str], *, needs_all: bool
) -> tuple[list[Row], list[Problem]]:
    """Read rows with the `wanted` columns, in any order; further columns are left out.

    A row is a line: a quoted cell ends on the line where it began. A cell copied from a table of
    ours stands for what it was made from, see foodcls.tables.spreadsheet. TableError when the file
    cannot be read as UTF-8 CSV, or a wanted column stands twice or (with `needs_all`) not at all.
    """
    lines = split_lines(read_text(path))
    header = parse_header(path, lines[0])
    check_header(path, header, wanted, needs_all=needs_all)
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines[1:], start=2):
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
            rows.append(Row(number, {name: named[name] for name in wanted if name in named}))
    return rows, problems


def read_header(path: Path) -> list[str]:
    """The names of the columns; TableError when the file cannot be read as UTF-8 CSV."""
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
