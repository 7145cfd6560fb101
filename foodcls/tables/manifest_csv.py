"""The manifest as a CSV file for people: written, and read again; knows nothing of stages."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from foodcls.errors import TableError
from foodcls.manifest import COLUMNS, parse_manifest
from foodcls.tables.spreadsheet import unmark_table, write_csv


def write_manifest(manifest: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all; no cell of it is a formula to a spreadsheet."""
    write_csv(manifest, path)


def read_manifest(path: Path, columns: Sequence[str] = tuple(COLUMNS)) -> pd.DataFrame:
    """Read a table that `write_manifest` wrote, a row for each picture; TableError when it is none.

    Its columns are those of `foodcls.manifest.COLUMNS`, in that order, or these of them alone.
    """
    try:
        return unmark_table(parse_manifest(path.read_bytes(), columns))
    except FileNotFoundError as error:
        raise TableError(f"{path} is not there; `foodcls prepare RECIPE` writes it") from error
    except (ValueError, KeyError) as error:
        raise TableError(f"{path} is not a manifest: {error}") from error
