"""Results for programs and for people: JSON files, and lines that are never cut."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from foodcls.store.store import replacing


def write_json(value: Any, path: Path | None) -> None:
    """Write a value as JSON, whole or not at all."""
    if path:
        with replacing(path) as part:
            part.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_whole(console: Console, rows: Sequence[Sequence[Text]]) -> None:
    """Print columns in lines as long as they are, so that paths can be copied."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = Text()
        for cell, width in zip(row, widths, strict=True):
            line.append(cell).append(" " * (width - cell.cell_len + 2))
        line.rstrip()
        console.print(line, highlight=False, soft_wrap=True)
