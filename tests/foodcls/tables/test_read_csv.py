"""Rows come out of whatever a spreadsheet writes; what is no table is refused at once."""

import gzip
import os
import random
from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import TableError
from foodcls.tables.decode_text import BOM
from foodcls.tables.read_csv import (
    MAX_LINE,
    Problem,
    check_header,
    list_problems,
    parse_header,
    parse_line,
    read_header,
    read_sheet,
    read_text,
    shorten,
    split_lines,
)
from foodcls.tables.spreadsheet import table_csv

WANTED = ("id", "keep")
PLAIN = b"id,keep\naa,true\nbb,false\n"


@pytest.fixture
def read(tmp_path):
    def from_bytes(data, wanted=WANTED, needs_all=True):
        path = tmp_path / "table.csv"
        path.write_bytes(data)
        return read_sheet(path, wanted, needs_all=needs_all)

    return from_bytes


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b"\n", b"\r"),
        PLAIN.strip(),
        b"keep,id\ntrue,aa\nfalse,bb\n",
        b"id,note,keep\naa,x,true\nbb,,false\n",
        b'"id","keep"\n"aa","true"\n"bb","false"\n',
        b"id,keep,,\naa,true,,\nbb,false,,\n",
        PLAIN.replace(b",", b";"),
        b'\xef\xbb\xbf"id";"keep";"note, more"\r\naa;true;"x;y"\r\nbb;false;a,b\r\n;;\r\n',
        PLAIN.decode().encode("utf-16"),
        b"\xfe\xff" + PLAIN.replace(b",", b"\t").decode().encode("utf-16-be"),
        PLAIN.replace(b"id,keep", b"Id , KEEP,stra\xdfe"),
    ],
    ids=[
        "plain",
        "bom",
        "crlf",
        "cr",
        "no end",
        "order",
        "extra",
        "quotes",
        "empty columns",
        "semicolons",
        "Excel",
        "utf-16",
        "utf-16 tabs",
        "capitals",
    ],
)
def test_every_spreadsheets_csv_reads_the_same(read, data):
    rows, problems = read(data)
    assert [row.cells for row in rows] == [
        {"id": "aa", "keep": "true"},
        {"id": "bb", "keep": "false"},
    ]
    assert [row.number for row in rows] == [2, 3] and not problems


@pytest.mark.parametrize(
    "data, words",
    [
        (b"\xff\xfe\0\xd8", "UTF-8"),
        (PLAIN.decode().encode("utf-16-le"), "NUL"),
        (b'id;keep\naa;true\nbb;"false\n', "row 3: a quote is not closed"),
        (b"id\naa\n", "missing"),
        (b"id,keep,keep\naa,true,true\n", "twice"),
        (b"", "missing"),
        (gzip.compress(PLAIN), "gzip"),
        (random.Random(0).randbytes(4000), "UTF-8"),
    ],
    ids=["utf-16", "utf-16 bare", "quote", "missing", "double", "empty", "gz", "bin"],
)
def test_what_is_no_table_is_refused_by_name_and_cause(read, data, words):
    with pytest.raises(TableError, match=words) as caught:
        read(data)
    assert "table.csv" in str(caught.value) and len(str(caught.value)) < 500


WESTERN = "id,keep\nKäse,“crème brûlée” – ½ œuf\n"


def test_a_table_of_windows_is_read_and_said_to_be_one(read, caplog):
    rows, problems = read(WESTERN.encode("cp1252"))
    assert rows[0].cells == {"id": "Käse", "keep": "“crème brûlée” – ½ œuf"} and not problems
    assert "table.csv: no UTF-8, read as Windows-1252 (Käse, crème, brûlée, œuf)" in caplog.text


@pytest.mark.parametrize(
    "data",
    [
        WESTERN.encode("mac-roman", "replace"),
        "id,keep\nсуп,борщ\n".encode("cp1251"),
        "id,keep\njabłko,1\n".encode("cp1250"),
        "id,keep\nmüsli,1\n".encode() + b"K\xe4se,1\n",
        "id,keep\nりんご,1\n".encode("shift-jis"),
    ],
    ids=["Mac", "Cyrillic", "Polish", "UTF-8 beside", "Japanese"],
)
def test_a_table_of_another_code_page_is_told_how_to_be_turned(read, data):
    with pytest.raises(TableError, match="not UTF-8 text.*“CSV UTF-8” in Excel, or type: iconv"):
        read(data)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(TableError, match="nowhere.csv"):
        read_sheet(tmp_path / "nowhere.csv", WANTED, needs_all=True)


def test_bad_rows_do_not_hide_good_ones(read):
    bad = [b'"open,true', b"a\0a,true", b"x" * 2_000_000 + b",true", b"aa,true,surplus"]
    rows, problems = read(b"\n".join([b"id,keep", b"aa,true", *bad, b"bb,false", b""]))
    assert [row.cells["id"] for row in rows] == ["aa", "bb"]
    assert [item.number for item in problems] == [3, 4, 5, 6]
    assert all(len(item.name) <= 80 for item in problems)


def test_words_for_nothing_stay_text(read):
    rows, _ = read(b"id,keep\nNA,None\nnan,\n")
    assert [tuple(row.cells.values()) for row in rows] == [("NA", "None"), ("nan", "")]


def test_a_path_copied_from_a_table_of_ours_is_the_path(read):
    cells = ["=1.jpg", "-2.jpg", "'=3.jpg", "it's.jpg", "'4.jpg"]
    text = table_csv(pd.DataFrame({"id": cells, "keep": "true"}))
    assert [row.cells["id"] for row in read(text.encode())[0]] == cells


def test_long_lists_are_cut_short(read):
    _, problems = read(b"id,keep\n" + b"a,b,c\n" * 20_000)
    text = list_problems(problems)
    assert text.count("\n") == 10 and text.endswith("and 19990 more") and "row 2" in text


def test_a_problem_of_a_folder_names_its_file():
    text = list_problems([Problem(3, "a.jpg", "no area", "labels/a.txt")])
    assert text == "  labels/a.txt, row 3: 'a.jpg': no area"


def test_the_header_is_read_alone(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b'\xef\xbb\xbf"id", keep \r"open')
    assert read_header(path) == ["id", "keep"]


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


def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(TableError, match="not a file"):
        read_text(tmp_path / "t.csv")
