import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from foodcls.errors import InputError
from foodcls.metrics.align import align_predictions, keep_common
from foodcls.metrics.predictions import Predictions

NAMES = ("old", "new")


@pytest.fixture
def old(answered: Callable[..., Predictions]) -> Predictions:
    return answered(
        [0, 1, 1, 2],
        [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.0, 0.1, 0.9]],
        labels=("bread", "pesto", "salad"),
        ids=("one", "two", "two", "three"),
    )


def shuffle(answers: Predictions, rows: list[int], classes: list[int]) -> Predictions:
    """The same answers in another order of rows and of classes."""
    return Predictions(
        labels=tuple(answers.labels[place] for place in classes),
        ids=tuple(answers.ids[row] for row in rows),
        origins=tuple(answers.origins[row] for row in rows),
        groups=tuple(answers.groups[row] for row in rows),
        truth=np.array([classes.index(place) for place in answers.truth[rows]]),
        probabilities=answers.probabilities[np.ix_(rows, classes)],
    )


def test_other_orders_of_rows_and_classes_are_lined_up(old: Predictions) -> None:
    # the two pieces of picture "two" keep their order
    new = shuffle(old, [3, 1, 0, 2], [2, 0, 1])
    first, second = align_predictions(old, new, NAMES)
    assert second.labels == first.labels == old.labels
    assert second.probabilities.tolist() == old.probabilities.tolist()
    assert second.truth.tolist() == old.truth.tolist()


def test_other_classes_are_refused_by_name(old: Predictions) -> None:
    new = dataclasses.replace(old, labels=("bread", "pesto", "soup"))
    with pytest.raises(InputError, match="only old knows salad; only new knows soup"):
        align_predictions(old, new, NAMES)


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (("one", "two", "two", "four"), "1 of the 4 pictures of old.*salad https://example.org/3"),
        (("one", "two", "three", "three"), "pesto https://example.org/2"),
    ],
    ids=["another picture", "a piece less"],
)
def test_other_pictures_are_refused_by_name(old: Predictions, ids: tuple, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        align_predictions(old, dataclasses.replace(old, ids=ids), NAMES)
    assert "--workspace" in str(caught.value)


def test_another_label_of_a_picture_is_another_picture(old: Predictions) -> None:
    new = dataclasses.replace(old, truth=np.array([0, 1, 1, 0]))
    with pytest.raises(InputError, match="different pictures"):
        align_predictions(old, new, NAMES)


def test_many_strangers_are_counted(answered: Callable[..., Predictions]) -> None:
    a = answered([0] * 9, [[1, 0]] * 9, ids=[f"a{number}" for number in range(9)])
    b = answered([0] * 9, [[1, 0]] * 9, ids=[f"b{number}" for number in range(9)])
    with pytest.raises(InputError, match="and 6 more"):
        align_predictions(a, b, NAMES)


def test_the_coarser_groups_count(old: Predictions) -> None:
    trays = ("tray 1", "tray 1", "tray 1", "tray 2")
    new = dataclasses.replace(old, groups=trays)
    for pair in (align_predictions(old, new, NAMES), align_predictions(new, old, NAMES)):
        assert [side.groups for side in pair] == [trays, trays]


def test_of_two_tests_what_both_have_is_kept(answered) -> None:
    a = answered(np.array([0, 1, 0]), np.eye(2)[[0, 1, 1]], ("x", "y"))
    b = dataclasses.replace(a, ids=(a.ids[2], "other", a.ids[0]))
    one, other = keep_common(a, b)
    assert one.ids == (a.ids[0], a.ids[2]) and other.ids == (a.ids[2], a.ids[0])
    assert one.probabilities.tolist() == [[1, 0], [0, 1]]
