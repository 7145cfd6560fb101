"""Parquet gives back what was written, reads no more than is asked; CSV is what pandas writes."""

import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodcls import columnar
from foodcls.columnar import csv_chunks, read_parquet, to_arrow, write_parquet
from foodcls.tables.spreadsheet import mark_column, table_csv, unmark_column

KINDS = {"text": "str", "number": "Int64"}
# no carriage return: pandas writes it bare with Python 3.11, and reads it back as two rows
TEXTS = st.text(alphabet="=+-@\t',\"\n aé𝄞;\0", max_size=6)


def table_of(texts: list[str], numbers: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(texts, dtype="str"),
                         "number": pd.Series(numbers, dtype="Int64")})  # fmt: skip


@given(st.lists(st.tuples(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1)), max_size=9))
def test_text_is_what_pandas_writes_and_no_formula(rows: list[tuple[str, int | None]]) -> None:
    table = table_of([text for text, _ in rows], [number for _, number in rows])
    plain = b"".join(csv_chunks(to_arrow(table)))
    assert plain == table.to_csv(index=False, lineterminator="\n").encode()
    marked = b"".join(csv_chunks(to_arrow(table), mark_column))
    assert marked == table_csv(table).encode()
    back = unmark_column(mark_column(to_arrow(table).column("text").combine_chunks()))
    assert back.to_pylist() == table["text"].tolist()


def test_a_carriage_return_is_quoted() -> None:
    assert b"".join(csv_chunks(to_arrow(table_of(["a\rb"], [1])))) == b'text,number\n"a\rb",1\n'


@given(st.lists(st.tuples(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1)), max_size=9))
def test_a_file_gives_back_rows_in_their_order(rows: list[tuple[str, int | None]]) -> None:
    table = table_of([text for text, _ in rows], [number for _, number in rows])
    data = write_parquet(to_arrow(table))
    pd.testing.assert_frame_equal(read_parquet(data, KINDS), table)
    pd.testing.assert_frame_equal(read_parquet(data, {"number": "Int64"}), table[["number"]])


def test_pieces_in_memory_change_neither_file_nor_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "GROUP", 4)
    table = table_of([f"{place},x" for place in range(11)], [*range(10), None])
    parts = [to_arrow(table[start:end]) for start, end in ((0, 3), (3, 10), (10, 11))]
    whole, pieces = to_arrow(table), pa.concat_tables(parts)
    assert pieces.column(0).num_chunks == 3
    assert write_parquet(whole) == write_parquet(pieces)
    assert pq.ParquetFile(io.BytesIO(write_parquet(whole))).num_row_groups == 3
    assert b"".join(csv_chunks(whole)) == b"".join(csv_chunks(pieces))
    pd.testing.assert_frame_equal(read_parquet(write_parquet(pieces), KINDS), table)


def test_a_column_that_is_not_asked_for_is_not_read() -> None:
    data = bytearray(write_parquet(to_arrow(table_of(["abc"] * 9, list(range(9))))))
    place = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0).data_page_offset
    data[place : place + 8] = b"\xff" * 8
    assert read_parquet(bytes(data), {"number": "Int64"})["number"].tolist() == list(range(9))
    with pytest.raises(ValueError, match="not a Parquet file"):
        read_parquet(bytes(data), KINDS)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (b"text,number\nx,1\n", "not a Parquet file"),
        (b"PAR1" + b"\0" * 40 + b"PAR1", "not a Parquet file"),
        ({"text": pa.array(["x"])}, "'number'"),
        ({"text": pa.array(["x"]), "number": pa.array(["1"])}, "'number'"),
        ({"text": pa.array([b"x"], pa.large_binary()), "number": pa.array([1])}, "'text'"),
        ({"text": pa.array(["x"], pa.dictionary(pa.int8(), pa.large_string())),
          "number": pa.array([1])}, "'text'"),
    ],
)  # fmt: skip
def test_a_file_of_others_is_refused(told: bytes | dict[str, pa.Array], said: str) -> None:
    if isinstance(told, dict):
        file = io.BytesIO()
        pq.write_table(pa.table(told), file)
        told = file.getvalue()
    with pytest.raises(ValueError, match=said):
        read_parquet(told, KINDS)


def test_a_file_that_says_it_is_huge_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_parquet(to_arrow(table_of(["x" * 100] * 3, [1, 2, 3])))
    for name in ("MAX_ROWS", "MAX_SIZE"):
        with monkeypatch.context() as small:
            small.setattr(columnar, name, 2)
            with pytest.raises(ValueError, match="3 rows"):
                read_parquet(data, KINDS)
