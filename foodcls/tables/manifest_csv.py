"""The manifest as a CSV file for people: written, and read again; knows nothing of stages."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from foodcls.columnar import TYPES, csv_chunks, to_arrow, to_series
from foodcls.errors import TableError
from foodcls.manifest import COLUMNS, kept_rows
from foodcls.store.store import replacing
from foodcls.tables.spreadsheet import mark_column, unmark_column

BLOCK = 1 << 24  # bytes that are parsed at once; a row is shorter


def write_manifest(manifest: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all; no cell of it is a formula to a spreadsheet."""
    with replacing(path) as part, part.open("wb") as file:
        for chunk in csv_chunks(to_arrow(manifest), mark_column):
            file.write(chunk)


def read_manifest(
    path: Path, columns: Sequence[str] = tuple(COLUMNS), text: str | None = None
) -> pd.DataFrame:
    """Read a table that `write_manifest` wrote, a row for each picture; TableError when it is none.

    Its columns are those of `foodcls.manifest.COLUMNS`, in that order, or the ones that are named.
    `text` is what `read_text` gave of it, where that was called.
    """
    kinds = {name: TYPES[COLUMNS[name]] for name in columns}
    try:
        table = csv.read_csv(
            path if text is None else io.BytesIO(text.encode()),
            csv.ReadOptions(block_size=BLOCK),
            csv.ParseOptions(newlines_in_values=True),
            # every cell of text is text: a class may be called "NA"
            csv.ConvertOptions(column_types=kinds, include_columns=list(kinds), null_values=[""]),
        )
        found = dict(zip(kinds, table.columns, strict=True))
        del table
        # each is let go as it is turned
        return pd.DataFrame({name: to_series(_unmark(found.pop(name))) for name in kinds})
    except FileNotFoundError as error:
        raise TableError(f"{path} is not there; `foodcls prepare RECIPE` writes it") from error
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}; name a manifest") from error
    except (ValueError, KeyError) as error:
        raise TableError(f"{path} is not a manifest: {error}") from error


def read_decoded(path: Path, command: str) -> pd.DataFrame:
    """Read such a table; TableError, which names `command`, where pictures are not decoded."""
    manifest = read_manifest(path)
    if (kept_rows(manifest)["picture"] == "").any():
        raise TableError(
            f"{path} is of a run that has not ended; let it end, or go on: `{command}`"
        )
    return manifest


def _unmark(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(column.type):
        return column
    return pa.chunked_array([unmark_column(chunk) for chunk in column.chunks], column.type)
