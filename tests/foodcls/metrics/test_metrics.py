import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from foodcls.metrics.metrics import (
    confusion_matrix,
    effective_sample_size,
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


def test_confusion_has_true_classes_in_rows() -> None:
    truth, predicted = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    confusion = confusion_matrix(truth, predicted, 4)
    assert confusion.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(("successes", "n"), [(0, 30), (1, 9), (17, 40), (250, 500)])
def test_wilson_is_the_interval_of_scipy(successes: int, n: int) -> None:
    expected = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-5)


def test_wilson_holds_the_truth_in_95_of_100_tests() -> None:
    found = np.random.default_rng(0).binomial(40, 0.85, 2000)
    hits = [wilson(int(count), 40)[0] <= 0.85 <= wilson(int(count), 40)[1] for count in found]
    assert 0.93 < np.mean(hits) < 0.98


def test_pictures_on_their_own_are_worth_themselves() -> None:
    values = np.array([1, 0, 1, 1, 0])
    assert (
        effective_sample_size(values, np.arange(5))
        == effective_sample_size(values, np.array([9, 4, 3, 2, 7]))
        == 5
    )


def test_look_alikes_are_worth_no_more_than_their_groups() -> None:
    values, groups = np.array([1, 0, 1, 1, 0, 1, 0, 0]), np.arange(8)
    assert effective_sample_size(values.repeat(5), groups.repeat(5)) <= 8
    # what differs within a group is not copied; what all groups have in common hides how alike
    mixed = np.tile([1, 0, 1, 1, 1], 8)
    assert 8 < effective_sample_size(mixed, groups.repeat(5)) <= 40
    assert effective_sample_size(np.ones(40), groups.repeat(5)) == 8
    assert effective_sample_size(mixed, np.zeros(40, dtype=int)) == 1


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=1, max_size=30))
def test_worth_is_between_one_and_all(rows: list[tuple[int, int]]) -> None:
    values, groups = np.array(rows).T
    assert 1 <= effective_sample_size(values, groups) <= len(rows)
