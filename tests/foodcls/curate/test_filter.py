"""A person's decisions reach the rows they mean, and no others."""

import logging

import pytest

from foodcls.curate.filter import apply_filter, read_decisions
from foodcls.errors import TableError
from foodcls.manifest import KEPT, drop_rows, new_manifest
from foodcls.settings import Filter

IDS = [digit * 64 for digit in "abcd"]


@pytest.fixture
def manifest():
    rows = [
        {"id": IDS[0], "origin": "web/beans/1.jpg", "label": "beans", "state": KEPT},
        {"id": IDS[1], "origin": "web/beans/2.jpg", "label": "beans", "state": KEPT},
        {"id": IDS[1], "origin": "web/beans/copy.jpg", "label": "beans", "state": KEPT},
        {"id": IDS[2], "origin": "web/salad/1.jpg", "label": "salad", "state": KEPT},
        {"id": IDS[3], "origin": "t/1.jpg", "label": "salad", "state": KEPT, "source": "test"},
    ]
    return drop_rows(new_manifest(rows), {2: "exact copy"}, "dedup")


@pytest.fixture
def decide(tmp_path, manifest):
    def run(text):
        path = tmp_path / "filter.csv"
        path.write_text(text)
        return apply_filter(manifest, Filter(manifest=path))

    return run


def states(manifest):
    return manifest["state"].tolist()


def test_decisions_drop_by_id_and_path(decide):
    found = decide(f"id,path,keep,reason\n{IDS[0][:8]},,FALSE,only rice\n,salad/1.jpg,Drop,\n")
    assert states(found) == ["dropped", "kept", "dropped", "dropped", "kept"]
    assert found["reason"].tolist() == ["only rice", "", "exact copy", "dropped by hand", ""]
    assert found["stage"].tolist() == ["filter", "", "dedup", "filter", ""]


@pytest.mark.parametrize("word", ["true", "1", "yes", "Keep", " TRUE "])
def test_keeping_words_keep(decide, word):
    assert states(decide(f"path,keep\nbeans/1.jpg,{word}\n"))[0] == "kept"


def test_a_decision_on_a_copy_reaches_the_copy_that_was_kept(decide):
    assert states(decide("path,keep\ncopy.jpg,no\n"))[1] == "dropped"
    assert states(decide("path,keep\ncopy.jpg,no\nbeans/2.jpg,yes\n"))[1] == "kept"


def test_test_rows_are_never_touched(decide):
    assert states(decide(f"id,keep\n{IDS[3]},0\n"))[4] == "kept"


def test_no_file_changes_nothing(manifest):
    assert apply_filter(manifest, Filter()).equals(manifest)


def test_strangers_are_counted_not_refused(decide, manifest, caplog):
    with caplog.at_level(logging.WARNING):
        found = decide(f"path,keep\nnowhere.jpg,0\ngone/x.jpg,0\n{IDS[0][:4]},0\n")
    assert "3 rows match no picture" in caplog.text and found.equals(manifest)


@pytest.mark.parametrize(
    "text, words",
    [
        ("id,keep\naaaaaaaa,maybe\n", "row 2: 'aaaaaaaa': keep is 'maybe'"),
        ("id,keep\naaaaaaaa,\n", "keep is ''"),
        ("id,path,keep\n,,false\n", "names no picture"),
        ("id,keep\nzz,false\n", "hexadecimal"),
        ("path,keep\n1.jpg,false\n", "3 pictures end in it"),
        ("path,keep\nbeans/1.jpg,0\nbeans/1.jpg,1\n", "row 3: .* the opposite of row 2"),
        (f"id,path,keep\n{IDS[0]},,0\n,beans/1.jpg,1\n", "the opposite of row 2"),
        ("who,what\na,b\n", "missing"),
        ("id,keep\n" + "aaaaaaaa,?\n" * 50, "and 40 more"),
    ],
)
def test_unclear_decisions_are_refused_before_anything_changes(decide, text, words):
    with pytest.raises(TableError, match=words) as caught:
        decide(text)
    assert "filter.csv" in str(caught.value)


def test_the_argument_does_not_change(decide, manifest):
    before = manifest.copy()
    decide("path,keep\nbeans/1.jpg,0\n")
    assert manifest.equals(before)


def test_decisions_read_as_written(tmp_path):
    path = tmp_path / "filter.csv"
    path.write_text("path,keep,reason\nNA,no,None\n")
    (item,) = read_decisions(path)
    assert (item.path, item.keep, item.reason, item.number) == ("NA", False, "None", 2)
