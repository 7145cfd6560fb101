"""Who is to be named is listed once for each place a picture came from."""

import io

import pandas as pd
import pytest

from foodcls.export import attribution as credits
from foodcls.export.attribution import COLUMNS, attribution, credits_page
from foodcls.manifest import new_manifest
from foodcls.tables.spreadsheet import table_csv


def row(number: int, **changes: object) -> dict[str, object]:
    base = {
        "id": f"{number:064}",
        "label": "rice",
        "origin": f"http://a.test/{number}.jpg",
        "page": f"http://a.test/page/{number}",
        "licence": "CC-BY-4.0",
        "source": "bing",
        "query": "white rice",
        "state": "kept",
        "split": "train",
    }
    return base | changes


def test_only_what_was_trained_on_is_listed() -> None:
    manifest = new_manifest(
        [
            row(1),
            row(2, split="val"),
            row(3, split="test"),
            row(4, state="dropped"),
            row(5, parent="1", copy=1),
            row(6, licence=""),
            row(7, split="own", source="own", origin="rice/7.jpg"),
        ]
    )
    listed = attribution(manifest)
    assert list(listed.columns) == list(COLUMNS)
    assert list(listed["origin"]) == ["http://a.test/1.jpg", "http://a.test/6.jpg", "rice/7.jpg"]
    assert list(listed["licence"]) == ["CC-BY-4.0", "", "CC-BY-4.0"]


def test_the_table_reads_back() -> None:
    manifest = new_manifest([row(1, query='a "b", c'), row(2, licence="NA")])
    table = pd.read_csv(
        io.StringIO(table_csv(attribution(manifest))), dtype=str, keep_default_na=False
    )
    pd.testing.assert_frame_equal(table, attribution(manifest).astype(table.dtypes))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_is_a_formula(start: str) -> None:
    hostile = {name: f"{start}cmd()" for name in COLUMNS}
    text = table_csv(attribution(new_manifest([row(1, **hostile)])))
    assert text.splitlines()[1] == ",".join([f"'{start}cmd()"] * len(COLUMNS))


def test_nothing_trained_on_leaves_the_header() -> None:
    assert table_csv(attribution(new_manifest())) == ",".join(COLUMNS) + "\n"


def credits_of(*rows: dict[str, object]) -> list[str]:
    page = credits_page(attribution(new_manifest(rows)))
    return [line for line in page.splitlines() if line.startswith("- ")]


def test_credits_name_title_author_source_and_licence_with_links() -> None:
    page = "https://commons.wikimedia.org/wiki/File:Caf%C3%A9_soup.jpg"
    deed = "https://creativecommons.org/licenses/by-sa/4.0/"
    assert credits_of(
        row(1, page=page, author="Zoë", licence="CC-BY-SA-4.0", licence_url=deed),
        row(1, page=page, author="Zoë", licence="CC-BY-SA-4.0", licence_url=deed, query="soup"),
        row(2, page="", licence="CC0-1.0"),
        row(3, licence=""),
        row(4, origin="/home/me/photos/4.jpg", source="folder"),
    ) == [
        f'- "[Café\\_soup.jpg](<{page}>)" by Zoë is licensed under [CC BY-SA 4.0](<{deed}>)',
        '- "[2.jpg](<http://a.test/2.jpg>)" by an unknown author is marked with CC0 1.0',
        '- "[3](<http://a.test/page/3>)" by an unknown author is licensed under an unknown licence',
        "- 1 pictures from folders",
    ]


def test_credits_that_are_written_some_at_a_time_are_the_same(monkeypatch) -> None:
    rows = [row(number) for number in range(7)]
    whole = credits_of(*rows)
    monkeypatch.setattr(credits, "PART", 3)
    assert credits_of(*rows) == whole and len(whole) == 7


def test_no_author_or_address_gets_out_of_its_credit() -> None:
    (line,) = credits_of(
        row(1, author="<script>\n# me](http://b.test)", page="http://a.test/>) [x](y\n",
            licence_url="javascript:alert(1)")
    )  # fmt: skip
    assert "\\<script\\> \\# me\\](http" in line and "](<http://a.test/%3E)%20[x](y%0A>)" in line
    assert "javascript" not in line


def test_no_name_turns_hides_or_ends_the_text_around_it() -> None:
    """Escapes of terminals, marks of direction, line ends: also those that an address spells."""
    hostile = "Z\u202e\u2066\x1b[31m\x00\u2028\r\n\u200e|"
    page = "http://a.test/File:x%E2%80%AE%1B%5B31m%0A%0D.jpg"
    (line,) = credits_of(row(1, page=page, author=hostile, licence=hostile))
    assert line.isprintable() and line.startswith(f'- "[x\\[31m .jpg](<{page}>)" by Z\\[31m \\|')
    # what letters of a name need is no such mark
    (line,) = credits_of(row(1, author="\u0645\u06cc\u200c\u0631 👩\u200d🍳"))
    assert "by \u0645\u06cc\u200c\u0631 👩\u200d🍳 is" in line
