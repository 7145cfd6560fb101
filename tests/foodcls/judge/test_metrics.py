import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodcls.judge.metrics import (
    average_position,
    class_means,
    confusion_matrix,
    precisions,
    ranks,
    recalls,
    top_share,
    wilson,
)


def test_wilson_gives_the_originals_interval() -> None:
    low, high = wilson(89, 112)
    assert (round(low, 3), round(high, 3)) == (0.711, 0.859)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_within_nought_and_one(case: tuple[int, int]) -> None:
    successes, n = case
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert low < high


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_impossible_counts(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="trials"):
        wilson(successes, n)


def test_rank_counts_the_classes_that_are_as_likely() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.2, 0.2, 0.6], [0.1, 0.2, 0.7]])
    assert ranks(probabilities, np.array([0, 1, 0, 0])).tolist() == [1, 2, 3, 3]


def test_a_constant_model_gets_the_worst_rank() -> None:
    truth = np.array([0, 3, 12])
    assert ranks(np.full((3, 13), 1 / 13), truth).tolist() == [13, 13, 13]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_ranks_refuse_what_is_no_number(bad: float) -> None:
    with pytest.raises(ValueError, match="no numbers"):
        ranks(np.array([[bad, 0.5]]), np.array([0]))


def test_ranks_refuse_an_empty_table() -> None:
    with pytest.raises(ValueError, match="N > 0"):
        ranks(np.zeros((0, 3)), np.zeros(0, dtype=int))


def test_average_position_weighs_classes_alike() -> None:
    # 9 pictures of class 0 at rank 1, one of class 2 at rank 3; class 1 is absent
    truth = np.array([0] * 9 + [2])
    places = np.array([1] * 9 + [3])
    assert average_position(places, truth) == 2.0
    assert places.mean() == 1.2
    assert class_means(places, truth) == {0: 1.0, 2: 3.0}


def test_confusion_has_true_classes_in_rows() -> None:
    truth, predicted = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    confusion = confusion_matrix(truth, predicted, 4)
    assert confusion.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert recalls(confusion) == [0.5, 1.0, 0.0, None]
    assert precisions(confusion) == [1.0, 1 / 3, None, None]


def test_top_share_counts_ranks_up_to_k() -> None:
    places = np.array([1, 2, 3, 4])
    assert [top_share(places, k) for k in (1, 3, 9)] == [0.25, 0.75, 1.0]
    with pytest.raises(ValueError, match="no ranks"):
        top_share(np.zeros(0, dtype=int), 3)
