import time
from pathlib import Path

import pytest

from foodcls.errors import TableError
from foodcls.tables.edit_csv import (
    Sheet,
    add_rows,
    edit_rows,
    open_sheet,
    remove_rows,
    write_sheet,
)

TEXT = 'path,keep,note\r\na.jpg,1,"said ""yes"", twice"\r\n\r\n b.jpg , 0\r\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "filter.csv"
    path.write_bytes(TEXT.encode("utf-8-sig"))
    return path


def test_what_is_not_changed_is_written_byte_for_byte(path: Path) -> None:
    before = path.read_bytes()
    write_sheet(open_sheet(path, ("id",)), path)
    assert path.read_bytes() == before


def test_added_row_brings_its_column_and_leaves_the_other_lines(path: Path) -> None:
    sheet = add_rows(open_sheet(path, ("id",)), [{"id": "ab", "keep": "0", "reason": "a, b"}])
    write_sheet(sheet, path)
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    assert lines == ["path,keep,note,id,reason", *TEXT.split("\r\n")[1:4], ',0,,ab,"a, b"', ""]


def test_edited_row_keeps_its_other_cells(path: Path) -> None:
    sheet = edit_rows(open_sheet(path, ("id",)), {2: {"keep": "0"}})
    assert sheet.lines[1] == 'a.jpg,0,"said ""yes"", twice"'
    assert sheet.lines[3] == " b.jpg , 0"


def test_columns_of_the_same_name_keep_what_is_in_each() -> None:
    sheet = Sheet(("id,keep,note,note,,", "abc,1,first,second,,x"))
    assert edit_rows(sheet, {2: {"keep": "0"}}).lines[1] == "abc,0,first,second,,x"


def test_thousands_of_rows_are_changed_at_once(tmp_path: Path) -> None:
    """Each change of a line used to copy all lines: a minute for a large gesture."""
    count = 20_000
    sheet = add_rows(open_sheet(tmp_path / "new.csv", ("id",)), [{"id": "a"}] * count)
    started = time.process_time()
    sheet = edit_rows(sheet, {number: {"id": "b"} for number in range(2, count + 2)})
    assert sheet.lines == ("id", *["b"] * count)
    assert time.process_time() - started < 2


def test_removed_rows_are_gone_and_the_others_move_up(path: Path) -> None:
    sheet = remove_rows(open_sheet(path, ("id",)), {2, 3})
    assert [line.strip("\ufeff") for line in sheet.lines] == ["path,keep,note", " b.jpg , 0"]


def test_a_table_of_excel_is_edited_and_written_back_with_commas(path: Path) -> None:
    path.write_bytes('path;note\r\na.jpg;x,y\r\nb.jpg;"x;y"\r\n'.encode("utf-16"))
    write_sheet(edit_rows(open_sheet(path, ("id",)), {2: {"keep": "0"}}), path)
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    assert lines == ["path,note,keep", 'a.jpg,"x,y",0', "b.jpg,x;y", ""]


def test_a_table_of_windows_is_edited_and_written_back_in_utf_8(path: Path) -> None:
    path.write_bytes("Keep,Filename,reason\n1,a.jpg,schön\n".encode("cp1252"))
    sheet = edit_rows(open_sheet(path, ("id", "path", "keep", "reason")), {2: {"keep": "0"}})
    write_sheet(add_rows(sheet, [{"path": "b.jpg", "keep": "1"}]), path)
    assert path.read_text("utf-8-sig") == "Keep,Filename,reason\n0,a.jpg,schön\n1,b.jpg,\n"


@pytest.mark.parametrize("text", [None, "", "\n", "\ufeff"], ids=["absent", "empty", "line", "bom"])
def test_a_file_with_nothing_in_it_gets_a_header(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "new.csv"
    if text is not None:
        path.write_text(text)
    write_sheet(add_rows(open_sheet(path, ("id", "keep")), [{"id": "ab", "keep": "1"}]), path)
    assert path.read_text() == "id,keep\nab,1\n"


def test_bytes_that_are_no_text_are_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cyrillic.csv"
    path.write_bytes("id,reason\nab,вкусно\n".encode("cp1251"))
    with pytest.raises(TableError, match=r"cyrillic\.csv: not UTF-8"):
        open_sheet(path, ("id",))


def test_a_header_that_cannot_be_read_is_refused_with_the_file(path: Path) -> None:
    path.write_text('id,"keep\nab,1\n')
    with pytest.raises(TableError, match=r"filter\.csv: header: a quote is not closed"):
        open_sheet(path, ("id",))


def test_a_link_to_a_table_stays_one(tmp_path: Path) -> None:
    """Decisions lay in a linked folder's file; the next one went to a file of its own."""
    table, link = tmp_path / "table.csv", tmp_path / "link.csv"
    table.write_text("id,keep\na,1\n")
    link.symlink_to(table)
    write_sheet(add_rows(open_sheet(link, ()), [{"id": "b", "keep": "0"}]), link)
    assert link.is_symlink() and table.read_text() == "id,keep\na,1\nb,0\n"
