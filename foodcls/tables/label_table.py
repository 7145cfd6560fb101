"""Reads a CSV of paths and labels: which picture is of which class."""

import os
import unicodedata
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


def locate(root: Path, path: str) -> Path:
    """Where a table's path leads from a folder, also as Windows or a Mac wrote it; may be nowhere.

    Windows separates by backslashes, and an accent may be a character of its own.
    """
    ways = (unicodedata.normalize(form, path) for form in ("NFC", "NFD"))
    spellings = (path, *ways, path.replace("\\", "/"))
    return next((root / one for one in spellings if os.path.exists(root / one)), root / path)


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
