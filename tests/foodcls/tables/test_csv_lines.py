"""What each reader of hand-written tables builds on; they themselves are tested beside them."""

from pathlib import Path

import pytest

from foodcls.errors import TableError
from foodcls.tables.csv_lines import (
    BOM,
    MAX_LINE,
    check_header,
    parse_header,
    parse_line,
    read_text,
    shorten,
    split_lines,
)


def test_text_keeps_its_mark_and_its_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("id\r\nä\r".encode("utf-8-sig"))
    assert read_text(path) == f"{BOM}id\r\nä\r"
    assert split_lines("a\r\nb\rc\n\u2028d\x0b") == ["a", "b", "c", "\u2028d\x0b"]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("", []),
        ('a,"b, ""c""",', ["a", 'b, "c"', ""]),
        ('"a', "a quote is not closed on its line"),
        ("a\0", "holds a NUL character"),
        ("x" * (MAX_LINE + 1), f"a line of {MAX_LINE + 1} characters, at most {MAX_LINE}"),
    ],
    ids=["empty", "quotes", "open", "nul", "long"],
)
def test_a_line_is_its_cells_or_what_is_wrong(line: str, cells: list[str] | str) -> None:
    assert parse_line(line) == cells


def test_a_header_is_the_first_line_of_a_text() -> None:
    assert parse_header(Path("t.csv"), f'{BOM}"id", keep \r"open') == ["id", "keep"]
    with pytest.raises(TableError, match=r"t\.csv: header: a quote"):
        parse_header(Path("t.csv"), '"id\n')


def test_one_of_several_columns_may_be_enough() -> None:
    check_header(Path("t.csv"), ["path", "keep"], ("id", "path"), needs_all=False)
    with pytest.raises(TableError, match=r"t\.csv: columns .'id'. are missing.*found 'path,keep'"):
        check_header(Path("t.csv"), ["path", "keep"], ("id", "path"))


def test_a_message_quotes_no_more_than_a_line() -> None:
    assert shorten("soup") == "soup" and len(shorten("x" * 999)) == 80
