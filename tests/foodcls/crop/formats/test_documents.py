"""Documents that would eat memory or reach out are refused before they do."""

import pytest

from foodcls.crop.formats.documents import (
    Document,
    Unreadable,
    open_documents,
    parse_json,
    parse_xml,
    read_bounded,
)
from foodcls.errors import TableError
from foodcls.tables.read_csv import Problem

LAUGHS = (
    '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]><a>&d;</a>'
)


@pytest.mark.parametrize(
    "text, words",
    [
        (LAUGHS, "DOCTYPE"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "DOCTYPE"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>', "DOCTYPE"),
        ("<a>&unknown;</a>", "not XML"),
        ("<a>" * 1000, "deep"),
        ("<a><b></a>", "not XML"),
        ("<a/><b/>", "not XML"),
        ("", "not XML"),
        ("plain", "not XML"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "not XML"),
        ('<?xml version="1.0" encoding="gbk"?><a/>', "not XML"),
    ],
    ids=lambda text: text[:30],
)
def test_hostile_xml_is_refused(text, words):
    with pytest.raises(Unreadable, match=words):
        parse_xml(text.encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_xml_reads_in_every_encoding(encoding):
    root = parse_xml("<a><b>caf\xe9 &amp; &lt;</b></a>".encode(encoding))
    assert root.findtext("b") == "caf\xe9 & <"


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b"[" * 100 + b"]" * 100, b"{", b"", b"\xff\xfe", b"9" * 5000, b"\0"],
    ids=["endless", "deep", "open", "empty", "utf-16", "digits", "nul"],
)
def test_hostile_json_is_refused(data):
    with pytest.raises(Unreadable):
        parse_json(data)


def test_json_of_a_usual_depth_reads():
    assert parse_json(b'\xef\xbb\xbf{"a": [[[[1]]]]}') == {"a": [[[[1]]]]}


def test_long_files_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("foodcls.crop.formats.documents.MAX_BYTES", 10)
    path = tmp_path / "long.json"
    path.write_bytes(b" " * 11)
    with pytest.raises(Unreadable, match="more than 10 bytes"):
        read_bounded(path)
    with pytest.raises(TableError, match="long.json: more than 10 bytes"):
        list(open_documents(path, ".json", parse_json))


def test_a_bad_file_of_a_folder_is_a_problem_and_hides_no_good_one(put, tmp_path):
    for name, content in [("a.json", "{"), ("in/b.JSON", "[1]"), ("._b.json", "\0"), ("c.txt", "")]:
        put(name, content)
    found = list(open_documents(tmp_path, ".json", parse_json))
    assert [item for item in found if isinstance(item, Document)] == [
        Document([1], "b", "in/b.JSON")
    ]
    problems = [item for item in found if isinstance(item, Problem)]
    assert [(item.file, item.number) for item in problems] == [("a.json", 0)]


def test_a_folder_of_bad_files_is_refused(put, tmp_path):
    put("a.json", "{")
    with pytest.raises(TableError, match="no .json file can be read: a.json: not JSON"):
        list(open_documents(tmp_path, ".json", parse_json))
