import csv
from pathlib import Path

import pandas as pd
import pytest

from foodcls.collect.collect import CollectRequest, collect
from foodcls.collect.engines.base import Access
from foodcls.collect.outcomes import Candidate, CandidateResult, Outcome
from foodcls.collect.url_list import check_urls, is_manifest, read_urls, replay_manifest
from foodcls.errors import TableError
from foodcls.manifest import COLUMNS, VOLATILE, new_manifest
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.sample.http_server import serve_hosts
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import write_manifest

LABELS = ("beans", "pâté", "NA")
ROWS = [
    Candidate("http://a.test/1.jpg", "beans", "urls", rank=1),
    Candidate("http://a.test/2.jpg?a=1,2", "pâté", "urls", rank=2),
]
PLAIN = 'label,url\nbeans,http://a.test/1.jpg\npâté,"http://a.test/2.jpg?a=1,2"\n'


def read(tmp_path: Path, data: bytes | str) -> list[Candidate | CandidateResult]:
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
        "\ufefflabel;url\r\nbeans;http://a.test/1.jpg\r\npâté;http://a.test/2.jpg?a=1,2\r\n",
        'Link,Category\nhttp://a.test/1.jpg,beans\n"http://a.test/2.jpg?a=1,2",pâté\n',
    ],
    ids=[
        "plain",
        "BOM",
        "CRLF",
        "no end",
        "blanks",
        "NFD",
        "order",
        "extra columns",
        "Excel",
        "synonyms",
    ],  # fmt: skip
)
def test_tables_of_all_habits_give_the_same_candidates(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) == ROWS


def test_what_excel_saves_on_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "urls.csv"
    path.write_bytes(PLAIN.encode("cp1252"))
    assert read_urls(path, ("beans", "pâté")) == ROWS


def test_an_address_that_a_comma_cuts_is_not_fetched_up_to_there(tmp_path: Path) -> None:
    text = "label,url\nbeans,http://a.test/w_5,h_3/1.jpg\nbeans,http://a.test/,\n"
    cut, whole = read(tmp_path, text)
    assert isinstance(cut, CandidateResult) and cut.result.outcome is Outcome.BAD_URL
    assert cut.result.detail.startswith("row 1: 3 cells, the header has 2; put an address")
    assert isinstance(whole, Candidate) and whole.url == "http://a.test/"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"label,url\n", "no rows"),
        (b"label,origin\nbeans,x\n", r"\['url'\] are missing"),
        (b"label,url,url\nbeans,x,y\n", r"\['url'\] stand twice"),
        ("label,url\nфасоль,x\n".encode("cp1251"), "not UTF-8.*iconv -f CODEPAGE"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "not UTF-8"),
        (bytes(2000), "NUL"),
    ],
    ids=["empty", "blank", "header", "missing", "twice", "Cyrillic", "gzip", "NUL"],
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


CLASSES = (FoodClass(name="rice", queries=("rice",)), FoodClass(name="beans", queries=("beans",)))
BASE = {"allow_private_hosts": True, "min_per_class": 0, "retries": 0, "timeout": 5.0}


def written(path: Path, *rows: dict[str, object]) -> Path:
    write_manifest(new_manifest(rows), path)
    return path


def test_all_that_was_asked_of_the_web_is_listed_in_order(tmp_path: Path) -> None:
    asked = {
        "label": "rice", "origin": "HTTPS://a.test/1.jpg", "source": "bing", "query": "=rice",
        "rank": 7, "page": "http://a.test/", "licence": "CC0-1.0",
    }  # fmt: skip
    path = written(
        tmp_path / "manifest.csv",
        asked | {"state": "kept"},
        {"label": "beans", "origin": "http://a.test/gone.jpg", "state": "dropped"},
        {"label": "rice", "origin": "HTTPS://a.test/1.jpg", "parent": "1", "state": "kept"},
        {"label": "rice", "origin": "photos/rice/2.jpg", "source": "folder", "state": "kept"},
    )
    assert replay_manifest(path, path.read_text()) == [
        Candidate("HTTPS://a.test/1.jpg", "rice", "bing", "=rice", 7, "http://a.test/", "CC0-1.0"),
        Candidate("http://a.test/gone.jpg", "beans", ""),
    ]


@pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8"), ("\t", "utf-16")])
def test_a_manifest_that_a_spreadsheet_has_saved_is_replayed(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    asked = {"label": "rice", "origin": "http://a.test/1,2;3.jpg", "query": '="rice"', "rank": 7}
    path = written(tmp_path / "manifest.csv", asked)
    before = read_urls(path, ("rice",))
    rows = list(csv.reader(path.read_text().splitlines()))
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    assert read_urls(path, ("rice",)) == before
    assert isinstance(before[0], Candidate) and before[0].query == '="rice"'


def test_a_table_of_urls_is_no_manifest() -> None:
    assert is_manifest(list(COLUMNS))
    assert not is_manifest(["label", "url"])
    assert not is_manifest(["label", "origin", "parent", "url"])


def test_a_label_that_the_recipe_lacks_has_its_reason(tmp_path: Path) -> None:
    path = written(tmp_path / "manifest.csv", {"label": "pizza", "origin": "http://a.test/1.jpg"})
    (row,) = read_urls(path, ("rice",))
    assert isinstance(row, CandidateResult) and row.result.outcome is Outcome.UNKNOWN_LABEL
    assert row.result.detail == "row 1: 'pizza' is none of the recipe's classes"


def test_a_manifest_of_files_alone_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "manifest.csv", {"label": "rice", "origin": "photos/1.jpg"})
    with pytest.raises(TableError, match="manifest.csv lists no picture of the web"):
        read_urls(path, ("rice",))


def test_a_manifest_that_lacks_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text("label,origin,parent\nrice,http://a.test/1.jpg,\n")
    with pytest.raises(TableError, match="manifest.csv is not a manifest"):
        read_urls(path, ("rice",))


def test_an_unchanged_web_gives_the_same_manifest_without_its_engine(
    web, picture, tmp_path: Path
) -> None:
    urls = [web.say(f"/{number}.png", picture(number)) for number in range(3)]
    results = [*urls, web.url("/missing"), web.say("/copy.png", picture(0))]
    links = "".join(
        f"""<a m='{{"murl": "{url}", "purl": "http://p.test/"}}'></a>""" for url in results
    )
    web.say("/images/async", f"<html>{links}</html>".encode())
    access = Access(bases=(("bing", web.url("")),))
    first = collect(
        CollectRequest(CLASSES, Collect(engines=("bing",), **BASE), access=access),
        Store(tmp_path / "1"),
    ).manifest
    write_manifest(first, tmp_path / "manifest.csv")
    pages, fetched = web.hits["/images/async"], web.hits["/0.png"]
    again = collect(
        CollectRequest(CLASSES, Collect(urls=tmp_path / "manifest.csv", **BASE)),
        Store(tmp_path / "2"),
    ).manifest
    assert (web.hits["/images/async"], web.hits["/0.png"]) == (pages, 2 * fetched)
    assert set(again["outcome"]) == {"ok", "http_error", "same_content"}
    pd.testing.assert_frame_equal(again.drop(columns=VOLATILE), first.drop(columns=VOLATILE))


def test_the_sample_web_is_served_again_for_its_manifest(tmp_path: Path) -> None:
    classes = tuple(FoodClass(name=name, queries=(name,)) for name in ("beans", "rabbit"))
    engine = Collect(engines=("sample",), per_query=4, min_per_class=2)
    first = collect(
        CollectRequest(classes, engine, sample_web=serve_hosts), Store(tmp_path / "1")
    ).manifest
    write_manifest(first, tmp_path / "manifest.csv")
    listed = Collect(urls=tmp_path / "manifest.csv", min_per_class=2)
    again = collect(
        CollectRequest(classes, listed, sample_web=serve_hosts), Store(tmp_path / "2")
    ).manifest
    pd.testing.assert_frame_equal(again.drop(columns=VOLATILE), first.drop(columns=VOLATILE))


def test_a_login_in_an_address_is_refused_and_kept_nowhere(web, picture, tmp_path: Path) -> None:
    urls = tmp_path / "urls.csv"
    fine, closed = web.say("/a.png", picture(1)), "http://me:hidden@a.test/b.png"
    unknown, broken = f"rabbit,{closed}", f'beans,{closed}"'
    urls.write_text(f"label,url\nbeans,{fine}\nbeans,{closed}\n{unknown}\n{broken}\n")
    settings = Collect(urls=urls, **{**BASE, "min_per_class": 0})
    found = collect(CollectRequest(CLASSES, settings), Store(tmp_path / "s")).manifest
    write_manifest(found, tmp_path / "s" / "manifest.csv")
    (row,) = found[found["detail"].str.contains("row 2")].to_dict("records")
    assert row["origin"] == "http://a.test/b.png" and "password in the address" in row["detail"]
    files = [path for path in (tmp_path / "s").rglob("*") if path.is_file()]
    assert not [path for path in files if b"hidden" in path.read_bytes()]


@pytest.mark.parametrize(
    ("hosts", "allowed", "is_refused"),
    [(("127.0.0.1", "localhost:8000"), False, True), (("127.0.0.1", "example.org"), False, False),
     (("10.0.0.8", "[::1]"), False, True), (("127.0.0.1",), True, False), (("[",), False, False)],
)  # fmt: skip
def test_a_list_of_addresses_of_this_network_is_refused_at_once(
    tmp_path: Path, hosts: tuple[str, ...], allowed: bool, is_refused: bool
) -> None:
    path = tmp_path / "urls.csv"
    path.write_text("label,url\n" + "".join(f"a,http://{host}/1.jpg\n" for host in hosts))
    settings = Collect(urls=path, allow_private_hosts=allowed)
    try:
        check_urls(settings, ("a",))
    except TableError as error:
        assert is_refused and "row 1: http://" in str(error)
        assert "collect.allow_private_hosts: true" in str(error)
    else:
        assert not is_refused
