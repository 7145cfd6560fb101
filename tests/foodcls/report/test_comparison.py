import json
from collections.abc import Callable

import pytest

from foodcls.metrics.align import align_predictions
from foodcls.metrics.predictions import Predictions
from foodcls.report.comparison import (
    Comparison,
    build_comparison,
    comparison_html,
    comparison_record,
)
from foodcls.report.thumbnails import PictureIndex
from foodcls.store.store import Store

NAMES = ("<b>old</b>", "new & better")


@pytest.fixture
def comparison(answered: Callable[..., Predictions]) -> Comparison:
    """Of six pictures: both right, B alone twice, A alone, both wrong alike, wrong otherwise."""
    truth, ids = [0, 0, 0, 1, 1, 1], tuple("abcdef")
    a = [[0.9, 0.1, 0], [0.4, 0.6, 0], [0.1, 0.9, 0], [0, 0.9, 0.1], [1, 0, 0], [0.8, 0.1, 0.1]]
    b = [[0.8, 0.2, 0], [0.9, 0.1, 0], [0.7, 0.3, 0], [0.6, 0.4, 0], [1, 0, 0], [0.1, 0.1, 0.8]]
    pair = (answered(truth, scores, ids=ids) for scores in (a, b))
    return build_comparison(*align_predictions(*pair, NAMES), NAMES, ("But mind the gap.",))


def test_changes_are_sorted_by_how_sure_the_wrong_one_was(comparison: Comparison) -> None:
    ids = comparison.a.ids
    assert [ids[row] for row in comparison.won] == ["c", "b"]
    assert [ids[row] for row in comparison.lost] == ["d"]
    assert [ids[row] for row in comparison.moved] == ["f"]


def test_classes_tell_won_and_lost(comparison: Comparison) -> None:
    first, second, third = comparison.classes
    assert (first.label, first.n, first.a, first.b, first.won, first.lost) == (
        "dish 0",
        3,
        1,
        3,
        2,
        0,
    )
    assert (second.label, second.a, second.b, second.won, second.lost) == ("dish 1", 1, 0, 0, 1)
    assert third.n == 0


def test_the_record_is_for_programs(comparison: Comparison) -> None:
    record = json.loads(json.dumps(comparison_record(comparison)))
    assert record["verdict"] == "open" and record["won"] == ["c", "b"]
    assert record["test"]["only_b"] == 2 and record["test"]["n"] == 6
    assert record["sentences"][-1] == "But mind the gap."


def test_the_page_shows_the_changed_pictures(
    comparison: Comparison, store: Store, noise, encode
) -> None:
    pictures = {key: (store.put(encode(noise(place))), "")
                for place, key in enumerate(comparison.a.keys)}  # fmt: skip
    page = comparison_html(comparison, PictureIndex(pictures, store))
    assert "<b>old</b>" not in page and "new &amp; better" in page
    assert page.count("data:image/jpeg;base64,") == 4
    assert "B alone is right: 2" in page and "A alone is right: 1" in page
    assert "do not tell" in page and "But mind the gap." in page


def test_a_page_without_pictures_says_so(comparison: Comparison, store: Store) -> None:
    assert comparison_html(comparison, PictureIndex({}, store)).count("no longer there") == 4
