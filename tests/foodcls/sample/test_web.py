"""Tests of foodcls.sample.web."""

from collections import Counter

import pytest

from foodcls.sample.dishes import LABELS
from foodcls.sample.web import MESS, SampleWeb, match_label

WEB = SampleWeb(per_class=48)


def test_a_quarter_of_the_web_is_mess() -> None:
    for label in LABELS:
        kinds = Counter(item.kind for item in WEB.items(label))
        assert kinds["original"] == 48
        assert kinds.total() == 64


def test_every_kind_of_mess_is_somewhere() -> None:
    assert {item.kind for label in LABELS for item in WEB.items(label)} == {*MESS, "original"}


def test_even_a_small_web_has_every_kind_of_mess() -> None:
    web = SampleWeb(per_class=6)
    assert {item.kind for label in LABELS for item in web.items(label)} == {*MESS, "original"}


def test_names_are_unique_over_the_web() -> None:
    files = [item.file for label in LABELS for item in WEB.items(label)]
    assert len(set(files)) == len(files)


def test_find_gives_back_each_item() -> None:
    assert all(WEB.find(item.file) == item for item in WEB.items("salad"))


@pytest.mark.parametrize(
    "file", ["", "salad", "salad-9999.jpg", "soup-0001.jpg", "../salad-0001.jpg"]
)
def test_find_knows_no_other_names(file: str) -> None:
    assert WEB.find(file) is None


def test_the_same_web_holds_the_same_items() -> None:
    assert SampleWeb(9, 4).items("beans") == SampleWeb(9, 4).items("beans")
    assert SampleWeb(9, 4).items("beans") != SampleWeb(9, 5).items("beans")


def test_copies_name_a_source_that_exists() -> None:
    for label in LABELS:
        for item in WEB.items(label):
            if item.source:
                source = WEB.find(item.source)
                assert source is not None
                assert (source.kind, source.number, source.label) == (
                    "original",
                    item.number,
                    label,
                )


def test_wrong_dishes_show_another_class() -> None:
    for label in LABELS:
        wrong = [item for item in WEB.items(label) if item.kind == "wrong:dish"]
        assert wrong
        assert all(item.label in LABELS and item.label != label for item in wrong)


def test_strange_and_missing_things_have_no_box() -> None:
    kinds = {"wrong:cat", "placeholder", "gone", "loop"}
    items = [item for item in WEB.items("rabbit") if item.kind in kinds]
    assert items
    assert all(item.frame is None for item in items)


def test_a_mirrored_copy_has_a_mirrored_box() -> None:
    label = next(name for name in LABELS if _has_mirrored(name))
    copy = next(item for item in WEB.items(label) if item.kind == "near_duplicate:mirrored")
    source = WEB.find(copy.source)
    assert source is not None and source.frame is not None and copy.frame is not None
    (xmin, ymin, xmax, ymax), width, _ = source.frame
    assert copy.frame[0] == (width - xmax, ymin, width - xmin, ymax)


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("pasta_with_pesto", "pasta_with_pesto"),
        ("pasta with pesto", "pasta_with_pesto"),
        ("Pasta al PESTO", "pasta_with_pesto"),
        ("seafood salad plate", "seafood_salad"),
        ("green salad", "salad"),
        ("pasta", None),
        ("pizza", None),
        ("", None),
    ],
)
def test_queries_match_by_words(query: str, label: str | None) -> None:
    assert match_label(query) == label


def test_every_class_is_found_by_its_name() -> None:
    assert [match_label(label.replace("_", " ")) for label in LABELS] == list(LABELS)


def test_other_words_show_other_but_overlapping_results() -> None:
    own, plate, bowl = (WEB.search(query) for query in ("beans", "beans plate", "beans bowl"))
    assert own == WEB.items("beans")
    assert plate != bowl and set(plate) != set(bowl)
    assert set(plate) & set(bowl) and set(plate) < set(own)
    assert plate == WEB.search("beans plate")


def test_an_unknown_query_shows_nothing() -> None:
    assert WEB.search("pizza") == ()


def _has_mirrored(label: str) -> bool:
    return any(item.kind == "near_duplicate:mirrored" for item in WEB.items(label))
