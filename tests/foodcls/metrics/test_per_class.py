from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodcls.metrics.evaluation import ClassScore, f1_bounds, score_classes
from foodcls.metrics.metrics import wilson
from foodcls.metrics.scores import Graded


def score(truth: list[int], predicted: list[int], classes: int) -> tuple[ClassScore, ...]:
    said, true = np.array(predicted), np.array(truth)
    graded = Graded(true, np.arange(len(true)), classes, np.where(said == true, 1, 2), said)
    labels = [f"dish {place}" for place in range(classes)]
    return score_classes(labels, graded)


def test_figures_of_a_class_by_hand() -> None:
    # class 0: two of three found, and one more was called so
    first, second, third = score([0, 0, 0, 1, 1], [0, 0, 1, 0, 1], 3)
    assert (first.n, first.recall, first.precision) == (3, 2 / 3, 2 / 3)
    assert first.f1 == pytest.approx(2 / 3) and first.average_position == pytest.approx(4 / 3)
    assert first.recall_bounds == wilson(2, 3) and first.precision_bounds == wilson(2, 3)
    assert (second.recall, second.precision, second.f1) == (1 / 2, 1 / 2, 1 / 2)
    # neither there nor called so
    assert third == ClassScore("dish 2", 0, None, None, None)


def test_a_class_that_is_never_called_has_no_precision_and_no_f1_above_0() -> None:
    first, second = score([0, 0, 1], [0, 0, 0], 2)
    assert (second.recall, second.precision, second.f1) == (0, None, 0)
    assert second.precision_bounds is None and second.f1_bounds is not None


@given(st.integers(0, 60), st.integers(0, 40), st.integers(0, 40))
def test_f1_lies_within_its_bounds(right: int, missed: int, strangers: int) -> None:
    bounds = f1_bounds(right, right + missed, right + strangers)
    if right + missed + strangers == 0:
        assert bounds is None
    else:
        assert bounds is not None
        f1 = 2 * right / (2 * right + missed + strangers)
        assert 0 <= bounds[0] <= f1 + 1e-9 and f1 - 1e-9 <= bounds[1] <= 1


def test_f1_bounds_hold_the_truth_in_95_of_100_tests() -> None:
    rng, hits = np.random.default_rng(4), 0
    recall, strangers = 0.8, 0.1
    true = 2 * 0.5 * recall / (2 * 0.5 * recall + 0.5 * (1 - recall) + 0.5 * strangers)
    for _ in range(1000):
        own = rng.random(80) < 0.5
        called = np.where(own, rng.random(80) < recall, rng.random(80) < strangers)
        bounds = f1_bounds(int((own & called).sum()), int(own.sum()), int(called.sum()))
        assert bounds is not None
        hits += bounds[0] <= true <= bounds[1]
    assert 930 <= hits <= 985


def test_positions_come_with_their_intervals(simulate: Callable[..., Graded]) -> None:
    graded = simulate(np.random.default_rng(0), (0.5, 0.9), size=40)
    bounds = graded.positions
    scores = score_classes(("a", "b"), graded)
    assert [row.average_position_bounds for row in scores] == list(bounds.by_class)
