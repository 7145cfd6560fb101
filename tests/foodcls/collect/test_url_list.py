from pathlib import Path

import pytest

from foodcls.collect.candidates import Arrival, Candidate
from foodcls.collect.outcomes import Outcome
from foodcls.collect.url_list import read_urls
from foodcls.errors import TableError

LABELS = ("beans", "pâté", "NA")
ROWS = [
    Candidate("http://a.test/1.jpg", "beans", "urls", rank=1),
    Candidate("http://a.test/2.jpg?a=1,2", "pâté", "urls", rank=2),
]
PLAIN = 'label,url\nbeans,http://a.test/1.jpg\npâté,"http://a.test/2.jpg?a=1,2"\n'


def read(tmp_path: Path, data: bytes | str) -> list[Candidate | Arrival]:
    path = tmp_path / "urls.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_urls(path, LABELS)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n", "\n\n"),
        PLAIN.replace("â", "a\u0302").replace("é", "e\u0301"),
        'Url , LABEL\nhttp://a.test/1.jpg,beans\n"http://a.test/2.jpg?a=1,2",pâté\n',
        'x,label,url,y\n1,beans,http://a.test/1.jpg\n2,pâté,"http://a.test/2.jpg?a=1,2",3,4,5\n',
    ],
    ids=["plain", "BOM", "CRLF", "no end", "blanks", "NFD", "order", "extra columns"],
)
def test_tables_of_all_habits_give_the_same_candidates(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) == ROWS


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"label,url\n", "no rows"),
        (b"label,link\nbeans,x\n", r"\['url'\] are missing"),
        (b"label,url,url\nbeans,x,y\n", r"\['url'\] stand twice"),
        (b"label;url\nbeans;x\n", "separated by commas"),
        (PLAIN.encode("utf-16"), "not UTF-8"),
        (PLAIN.encode("latin-1"), "not UTF-8"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "not UTF-8"),
        (bytes(2000), "NUL"),
    ],
    ids=["empty", "blank", "header", "missing", "twice", ";", "UTF-16", "latin", "gzip", "NUL"],
)
def test_what_is_no_such_table_is_named(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=said) as caught:
        read(tmp_path, data)
    assert "urls.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ("Beans,http://a.test/9.jpg", Outcome.UNKNOWN_LABEL),
        ("../../escape,http://a.test/9.jpg", Outcome.UNKNOWN_LABEL),
        (",http://a.test/9.jpg", Outcome.UNKNOWN_LABEL),
        ("be\x00ans,http://a.test/9.jpg", Outcome.BAD_URL),
        ("beans", Outcome.BAD_URL),
        ("beans,", Outcome.BAD_URL),
        ("beans," + "x" * 2_000_000, Outcome.BAD_URL),
        ('"beans,http://a.test/9.jpg', Outcome.BAD_URL),
    ],
    ids=["case", "path", "no label", "NUL", "ragged", "no url", "2 MB", "open quote"],
)
def test_a_bad_row_has_its_reason_and_spoils_no_other(
    row: str, outcome: Outcome, tmp_path: Path
) -> None:
    first, second = PLAIN.splitlines()[1:]
    one, bad, two = read(tmp_path, f"label,url\n{first}\n{row}\n{second}\n")
    assert (one.label, two.label) == ("beans", "pâté")
    assert bad.result.outcome is outcome
    assert "row 2" in bad.result.detail
    assert len(bad.candidate.url) < 1000


def test_a_class_called_na_is_a_class(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "label,url\nNA,http://a.test/1.jpg\n")
    assert row == Candidate("http://a.test/1.jpg", "NA", "urls")
