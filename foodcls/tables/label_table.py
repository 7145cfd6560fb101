"""Reads a CSV of paths and labels: which picture is of which class."""

from dataclasses import dataclass
from pathlib import Path

from foodcls.errors import TableError
from foodcls.tables.read_csv import Problem, plain_label, read_sheet, refuse_problems

COLUMNS = ("path", "label")


@dataclass(frozen=True)
class LabeledPath:
    """A row: the number of its line in the file, from 1, a path, and the class found there."""

    number: int
    path: str
    label: str


def read_labels(table: Path) -> list[LabeledPath]:
    """The rows of the table; TableError where some cannot be read, or none is there."""
    sheet, problems = read_sheet(table, COLUMNS, needs_all=True)
    rows = [
        LabeledPath(row.number, row.cells["path"].strip(), plain_label(row.cells["label"]))
        for row in sheet
    ]
    problems += [Problem(row.number, row.label, "no path") for row in rows if not row.path]
    refuse_problems(table, problems, "write a path and a label in each row")
    if not rows:
        raise TableError(f"{table} has a header and no rows; add a row path,label a picture")
    return rows
