"""Columns of text and whole numbers as Arrow has them: as Parquet for stages, as CSV for people.

Names of kinds are those of pandas: "str", never absent, and "Int64".
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TYPES = {"str": pa.large_string(), "Int64": pa.int64()}
PANDAS = {pa.large_string(): pd.StringDtype(na_value=np.nan), pa.int64(): pd.Int64Dtype()}
# rows of a group in a file; and of a piece of text, which the processor's cache holds
GROUP, PIECE = 1 << 16, 1 << 14
# cells of a column that tell whether its texts repeat
SEEN = 1 << 12
# what a file may say that it holds: a table of 100 million rows of 600 bytes
MAX_ROWS, MAX_SIZE = 100_000_000, 60 << 30
# at this size a few percent more time halve the file
COMPRESSION, LEVEL = "zstd", 1


def to_arrow(table: pd.DataFrame) -> pa.Table:
    """The columns in their order, without a copy where pandas has them so; no index."""
    columns = {}
    for name in table:
        column = pa.array(table[name], from_pandas=True)
        if not pa.types.is_integer(column.type):
            column = column.cast(TYPES["str"])
            column = pc.fill_null(column, "") if column.null_count else column
        columns[name] = column
    return pa.table(columns)


def to_series(column: pa.ChunkedArray) -> pd.Series:
    """The column as pandas has it, in one piece: to look up a row among many pieces takes long."""
    # one piece would be copied
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return whole.to_pandas(types_mapper=PANDAS.get)


def to_column(cells: Iterable[object], kind: str) -> pd.Series:
    """Cells of that kind as pandas has a column; pandas itself looks through a list at length."""
    column = pa.array(cells, TYPES[kind])
    return to_series(column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column]))


def find_texts(column: pd.Series, texts: Iterable[str]) -> np.ndarray:
    """The place of each text of a column in a list without repeats, or -1: int of shape (len,)."""
    # what pandas has as Arrow is not taken apart
    held = getattr(texts, "array", texts)
    wanted = pa.array(held if hasattr(held, "__arrow_array__") else list(held), TYPES["str"])
    found = pc.index_in(pa.array(column, TYPES["str"]), wanted)
    return np.asarray(pc.fill_null(found, -1))


def write_parquet(table: pa.Table) -> bytes:
    """The bytes of a Parquet file: the same ones for the same rows, however they lie in memory."""
    file = io.BytesIO()
    # a dictionary of digests would be built in vain
    repeating = [name for name in table.column_names
                 if 2 * pc.count_distinct(table[name].slice(0, SEEN)).as_py() <= SEEN]  # fmt: skip
    with pq.ParquetWriter(
        file, table.schema, compression=COMPRESSION, compression_level=LEVEL,
        write_statistics=False, use_dictionary=repeating,
    ) as writer:  # fmt: skip
        for start in range(0, len(table), GROUP):
            writer.write_table(table.slice(start, GROUP).combine_chunks())
    return file.getvalue()


def read_parquet(data: bytes | BinaryIO, kinds: Mapping[str, str]) -> pd.DataFrame:
    """These columns of a Parquet file, and no others; ValueError when it holds no such table.

    One column after the other, so that no more than one lies in memory twice. What else the file
    tells, such as classes of pandas, is not looked at.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data) if isinstance(data, bytes) else data)
        told = file.metadata
        size = sum(told.row_group(place).total_byte_size for place in range(told.num_row_groups))
        if told.num_rows > MAX_ROWS or size > MAX_SIZE:
            raise ValueError(f"{told.num_rows:,} rows, {size:,} bytes")
        wrong = [name for name, kind in kinds.items()
                 if file.schema_arrow.names.count(name) != 1
                 or file.schema_arrow.field(name).type != TYPES[kind]]  # fmt: skip
        if wrong:
            raise ValueError(f"columns {wrong} are missing or of another kind")
        return pd.DataFrame({name: to_series(file.read([name]).column(0)) for name in kinds})
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not a Parquet file: {error}") from error


def csv_chunks(
    table: pa.Table, change: Callable[[pa.Array], pa.Array] = lambda column: column
) -> Iterator[pa.Buffer]:
    """The table as CSV in UTF-8, a header first, piece by piece; `change` is made to texts before.

    Lines end in a line feed, what is absent is empty, and a cell is quoted where it holds a comma,
    a quote or the end of a line.
    """
    yield pa.py_buffer(f"{','.join(table.column_names)}\n".encode())
    for batch in filter(len, table.to_batches(max_chunksize=PIECE)):
        cells = [_as_cells(column, change) for column in batch.columns]
        cells[-1] = pc.binary_join_element_wise(cells[-1], _text(""), _text("\n"))
        # the texts of an array lie behind each other
        lines = pc.binary_join_element_wise(*cells, _text(","))
        yield lines.buffers()[2].slice(0, _offsets(lines)[-1])


def change_some(column: pa.Array, pattern: str, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts, those changed in which the regular expression finds something."""
    wanted = pc.match_substring_regex(column, pattern)
    return pc.if_else(wanted, change(column), column) if pc.any(wanted).as_py() else column


def has_any(column: pa.Array, marks: str) -> bool:
    """Whether one of these characters stands anywhere in the texts."""
    starts = _offsets(column)
    # as one text, which is looked through much faster than cell by cell
    text = bytes(memoryview(column.buffers()[2] or b"")[starts[0] : starts[-1]])
    return any(mark.encode() in text for mark in marks)


def first_bytes(column: pa.Array) -> set[int]:
    """With which bytes texts of the column begin."""
    starts = _offsets(column)
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    return set(np.flatnonzero(np.bincount(data[starts[:-1][np.diff(starts) > 0]])).tolist())


def _as_cells(column: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    if pa.types.is_integer(column.type):
        return pc.fill_null(column.cast(TYPES["str"]), "")
    changed = change(column)
    return change_some(changed, '[,"\n\r]', _quote) if has_any(changed, ',"\n\r') else changed


def _quote(column: pa.Array) -> pa.Array:
    doubled = pc.replace_substring(column, '"', '""')
    return pc.binary_join_element_wise(_text('"'), doubled, _text('"'), _text(""))


def _offsets(column: pa.Array) -> np.ndarray:
    """Where texts begin and end within the column's bytes: int64 of shape (len + 1,)."""
    every = np.frombuffer(column.buffers()[1], np.int64)
    return every[column.offset : column.offset + len(column) + 1]


def _text(word: str) -> pa.Scalar:
    return pa.scalar(word, TYPES["str"])
