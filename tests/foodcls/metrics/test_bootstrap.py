import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foodcls.metrics.bootstrap import Sample, mean_bounds
from foodcls.metrics.ranks import number_groups


def test_a_picture_without_a_name_is_a_group_of_its_own() -> None:
    assert number_groups(["a", "", "b", "a", "", "1"]).tolist() == [0, 1, 2, 0, 3, 4]


def test_groups_are_numbered_without_gaps() -> None:
    numbers = number_groups(["z", "a", "", "z"])
    assert sorted(set(numbers.tolist())) == [0, 1, 2]


def test_all_resamples_of_three_groups_give_the_same_interval() -> None:
    """27 equally likely draws: their quantiles are known without drawing."""
    truth, groups = np.zeros(6, dtype=int), np.array([0, 0, 0, 1, 1, 2])
    values = np.array([1.0, 1.0, 2.0, 3.0, 5.0, 4.0])
    means = []
    for drawn in itertools.product(range(3), repeat=3):
        rows = np.concatenate([np.flatnonzero(groups == group) for group in drawn])
        means.append(values[rows].mean())
    low, high = mean_bounds([values], Sample(truth, groups, 1))[0].micro
    # with three groups Student's t reaches out to the first and the last of them
    assert (low, high) == pytest.approx((min(means), max(means)))


def test_many_groups_agree_with_the_normal_interval() -> None:
    values = np.random.default_rng(3).normal(5, 2, 4000)
    sample = Sample(np.zeros(4000, dtype=int), np.arange(4000), 1)
    reach = 1.96 * values.std() / np.sqrt(4000)
    low, high = mean_bounds([values], sample)[0].micro
    assert (low - values.mean(), high - values.mean()) == pytest.approx((-reach, reach), rel=0.06)


def test_copies_of_pictures_in_their_group_change_nothing() -> None:
    rng = np.random.default_rng(5)
    truth, values = rng.integers(0, 3, 40), rng.integers(1, 5, 40)
    alone = mean_bounds([values], Sample(truth, np.arange(40), 3))[0]
    copied = mean_bounds([values.repeat(7)], Sample(truth.repeat(7), np.arange(40).repeat(7), 3))[0]
    assert copied.micro == pytest.approx(alone.micro)
    assert copied.macro == pytest.approx(alone.macro)
    assert np.array(copied.by_class) == pytest.approx(np.array(alone.by_class))


def test_a_class_without_pictures_has_no_interval() -> None:
    sample = Sample(np.array([0, 0, 2]), np.arange(3), 3)
    assert [bounds is None for bounds in mean_bounds([np.ones(3)], sample)[0].by_class] == [
        False,
        True,
        False,
    ]


def test_a_long_tail_draws_the_interval_to_its_side() -> None:
    values = np.array([1.0] * 18 + [4.0, 9.0])
    low, high = mean_bounds([values], Sample(np.zeros(20, dtype=int), np.arange(20), 1))[0].micro
    assert high - values.mean() > 1.5 * (values.mean() - low)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 4))
def test_an_interval_is_one_and_repeats(ranks: list[int], count: int) -> None:
    values = np.array(ranks)
    sample = Sample(np.arange(len(ranks)) % 2, number_groups(str(k % count) for k in ranks), 2)
    first = mean_bounds([values], sample)[0]
    assert first == mean_bounds([values], sample)[0]
    assert min(ranks) <= first.micro[0] <= first.micro[1] <= max(ranks)
