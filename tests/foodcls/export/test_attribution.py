"""Who is to be named is listed once for each place a picture came from."""

import io

import pandas as pd
import pytest

from foodcls.export.attribution import COLUMNS, attribution
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
        ]
    )
    listed = attribution(manifest)
    assert list(listed.columns) == list(COLUMNS)
    assert list(listed["origin"]) == ["http://a.test/1.jpg", "http://a.test/6.jpg"]
    assert list(listed["licence"]) == ["CC-BY-4.0", ""]


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
