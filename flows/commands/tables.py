"""Results for programs and for people: JSON and CSV files, and lines that are never cut."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from foodcls.store import replacing


def write_json(value: Any, path: Path | None) -> None:
    """Write a value as JSON, whole or not at all."""
    if path:
        with replacing(path) as part:
            part.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_table(names: Sequence[str], rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write a header and rows as CSV, whole or not at all; paths are no formulas in it."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(names)
        table.writerows([_as_cell(value) for value in row] for row in rows)


def print_whole(console: Console, rows: Sequence[Sequence[Text]]) -> None:
    """Print columns in lines as long as they are, so that paths can be copied."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = Text()
        for cell, width in zip(row, widths, strict=True):
            line.append(cell).append(" " * (width - cell.cell_len + 2))
        line.rstrip()
        console.print(line, highlight=False, soft_wrap=True)


def _as_cell(value: object) -> object:
    # a spreadsheet would take =… for a formula; a path stays the same
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@"))
    return f"./{value}" if is_formula else value
