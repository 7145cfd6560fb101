import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from foodcls.errors import InputError
from foodcls.metrics.align import pair_answers
from foodcls.metrics.predictions import Answers

NAMES = ("old", "new")


@pytest.fixture
def old(answered: Callable[..., Answers]) -> Answers:
    return answered(
        [0, 1, 1, 2],
        [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.0, 0.1, 0.9]],
        labels=("bread", "pesto", "salad"),
        ids=("one", "two", "two", "three"),
    )


def shuffle(answers: Answers, rows: list[int], classes: list[int]) -> Answers:
    """The same answers in another order of rows and of classes."""
    return Answers(
        labels=tuple(answers.labels[place] for place in classes),
        ids=tuple(answers.ids[row] for row in rows),
        origins=tuple(answers.origins[row] for row in rows),
        groups=tuple(answers.groups[row] for row in rows),
        truth=np.array([classes.index(place) for place in answers.truth[rows]]),
        probabilities=answers.probabilities[np.ix_(rows, classes)],
    )


def test_other_orders_of_rows_and_classes_are_lined_up(old: Answers) -> None:
    # the two pieces of picture "two" keep their order
    new = shuffle(old, [3, 1, 0, 2], [2, 0, 1])
    first, second = pair_answers(old, new, NAMES)
    assert second.labels == first.labels == old.labels
    assert second.probabilities.tolist() == old.probabilities.tolist()
    assert second.truth.tolist() == old.truth.tolist()


def test_other_classes_are_refused_by_name(old: Answers) -> None:
    new = dataclasses.replace(old, labels=("bread", "pesto", "soup"))
    with pytest.raises(InputError, match="only old knows salad; only new knows soup"):
        pair_answers(old, new, NAMES)


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (("one", "two", "two", "four"), "1 of the 4 pictures of old.*salad https://example.org/3"),
        (("one", "two", "three", "three"), "pesto https://example.org/2"),
    ],
    ids=["another picture", "a piece less"],
)
def test_other_pictures_are_refused_by_name(old: Answers, ids: tuple, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        pair_answers(old, dataclasses.replace(old, ids=ids), NAMES)
    assert "--workspace" in str(caught.value)


def test_another_label_of_a_picture_is_another_picture(old: Answers) -> None:
    new = dataclasses.replace(old, truth=np.array([0, 1, 1, 0]))
    with pytest.raises(InputError, match="different pictures"):
        pair_answers(old, new, NAMES)


def test_many_strangers_are_counted(answered: Callable[..., Answers]) -> None:
    a = answered([0] * 9, [[1, 0]] * 9, ids=[f"a{number}" for number in range(9)])
    b = answered([0] * 9, [[1, 0]] * 9, ids=[f"b{number}" for number in range(9)])
    with pytest.raises(InputError, match="and 6 more"):
        pair_answers(a, b, NAMES)


def test_the_coarser_groups_count(old: Answers) -> None:
    trays = ("tray 1", "tray 1", "tray 1", "tray 2")
    new = dataclasses.replace(old, groups=trays)
    for pair in (pair_answers(old, new, NAMES), pair_answers(new, old, NAMES)):
        assert [side.groups for side in pair] == [trays, trays]
