"""No cell becomes a formula, and each is read back as it was."""

import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodcls.tables.spreadsheet import mark_cell, table_csv, unmark_cell, unmark_table, write_rows

STARTS = "=+-@\t\r"


@given(st.text(alphabet=f"{STARTS}' a\n", max_size=6))
def test_each_text_is_marked_once_and_comes_back(text: str) -> None:
    marked = mark_cell(text)
    assert not marked.startswith(tuple(STARTS)) and marked in (text, f"'{text}")
    assert unmark_cell(marked) == text


@pytest.mark.parametrize("cell", ["soup", "it's", "'n'", "", -1, -0.5, None, True, "a=b"])
def test_what_is_no_formula_stays(cell: object) -> None:
    assert mark_cell(cell) == unmark_cell(cell) == cell


def test_a_table_comes_back_equal() -> None:
    table = pd.DataFrame({"text": ["=1", "", "'=1", "a,\n"], "note": ["-", "x", "@", "\t"]})
    found = pd.read_csv(io.StringIO(table_csv(table)), dtype=str, keep_default_na=False)
    assert found["text"].tolist() == ["'=1", "", "''=1", "a,\n"]
    pd.testing.assert_frame_equal(unmark_table(found), table)


def test_numbers_truths_and_gaps_are_written_as_they_are(tmp_path: Path) -> None:
    rows = [["-a", -1, 0.1, None, True], ["b", None, 1e-9, "", False]]
    write_rows("vwxyz", rows, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines == ["v,w,x,y,z", "'-a,-1,0.1,,True", "b,,1e-09,,False"]
