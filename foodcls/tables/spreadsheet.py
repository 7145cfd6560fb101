"""Writes tables that people open in a spreadsheet, where no cell may become a formula."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from foodcls.columnar import change_some, first_bytes
from foodcls.store.store import write_whole

# a formula to a spreadsheet, or text that would be read back as a formula that was marked
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_STARTS = frozenset(b"'=+-@\t\r")


def mark_cell(cell: Any) -> Any:
    """The cell; with an apostrophe before it where it would be a formula."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unmark_cell(cell: Any) -> Any:
    """The cell as it was before `mark_cell`."""
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and _FORMULA.match(cell) else cell


def mark_column(column: pa.Array) -> pa.Array:
    """The texts, each as `mark_cell` gives it."""
    if not first_bytes(column) & _STARTS:
        return column
    return change_some(column, f"^{_FORMULA.pattern}", _mark)


def unmark_column(column: pa.Array) -> pa.Array:
    """The texts, each as `unmark_cell` gives it."""
    if ord("'") not in first_bytes(column):
        return column
    return change_some(
        column, f"^'{_FORMULA.pattern}", lambda some: pc.utf8_slice_codeunits(some, 1)
    )


def table_csv(table: pd.DataFrame, float_format: str | None = None) -> str:
    """The table as CSV with its cells marked."""
    marked = _change_text(table, mark_cell)
    return marked.to_csv(index=False, lineterminator="\n", float_format=float_format)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write the table as `table_csv` gives it, whole or not at all."""
    write_whole(path, table_csv(table))


def write_rows(names: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Write a header and rows as `write_csv` writes a table; each cell as Python writes it."""
    write_csv(pd.DataFrame(rows, columns=list(names), dtype=object), path)


def unmark_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its cells as they were before they were marked."""
    return _change_text(table, unmark_cell)


def _mark(column: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(column, "^", "'", max_replacements=1)


def _change_text(table: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    changed = table.copy(deep=False)
    for name in table.select_dtypes(["object", "str"]):
        column = table[name]
        is_formula = column.astype("str").str.match(_FORMULA.pattern)
        # most columns hold nothing to change
        if is_formula.any():
            changed.loc[is_formula, name] = [change(cell) for cell in column[is_formula].tolist()]
    return changed
