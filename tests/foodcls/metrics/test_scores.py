"""Scores by hand on small tests, and by simulation: 95 % intervals hold the truth in 95 %."""

from collections.abc import Callable

import numpy as np
import pytest

from foodcls.metrics.bootstrap import CHUNK, RESAMPLES, _draw_weights, mean_bounds
from foodcls.metrics.metrics import wilson
from foodcls.metrics.scores import Graded, Scores, grade, score_all, share_of

SKILLS = (0.6, 0.7, 0.8, 0.9, 0.95)
MISSED = 2.75  # mean rank of what is missed, see `simulate`


def score(graded: Graded) -> Scores:
    return score_all(graded)


def test_a_small_test_by_hand() -> None:
    """Two pictures of class 0 at ranks 1 and 3, one of class 1 at rank 2, none of class 2."""
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.1, 0.4, 0.5]])
    graded = grade(probabilities, np.array([0, 0, 1]), np.arange(3))
    assert graded.places.tolist() == [1, 3, 2] and graded.right.tolist() == [1, 0, 0]
    scores = score(graded)
    assert scores.accuracy.value == pytest.approx(1 / 3)
    assert (scores.top3.value, scores.top5.value) == (1, 1)
    assert scores.macro_recall.value == pytest.approx((1 / 2 + 0) / 2)
    assert scores.average_position.value == pytest.approx((2 + 2) / 2)
    assert scores.average_position_micro.value == pytest.approx(2)


def test_shares_have_wilsons_interval() -> None:
    estimate = share_of(np.array([1] * 89 + [0] * 23))
    assert (estimate.low, estimate.high) == wilson(89, 112)


def test_every_interval_holds_its_figure(simulate: Callable[..., Graded]) -> None:
    for seed in range(5):
        scores = score(simulate(np.random.default_rng(seed), SKILLS, size=12, each=2, alike=0.5))
        for name in Scores.__dataclass_fields__:
            estimate = getattr(scores, name)
            assert estimate.low <= estimate.value <= estimate.high, name


def test_all_intervals_come_from_one_drawing_and_are_those_of_each_alone(
    simulate: Callable[..., Graded], monkeypatch: pytest.MonkeyPatch
) -> None:
    graded, draw, drawn = simulate(np.random.default_rng(1), SKILLS, size=12), _draw_weights, []
    monkeypatch.setattr(
        "foodcls.metrics.bootstrap._draw_weights",
        lambda dice, groups: drawn.append(groups) or draw(dice, groups),
    )
    score(graded)
    assert len(drawn) * CHUNK == RESAMPLES
    alone = tuple(mean_bounds([values], graded)[0] for values in (graded.places, graded.right))
    assert graded.bounds == alone


def test_no_mistake_is_no_proof_of_perfection() -> None:
    truth = np.arange(60) % 3
    scores = score(Graded(truth, np.arange(60), 3, np.ones(60, dtype=int), truth))
    assert scores.accuracy.value == scores.average_position.value == 1
    low = wilson(60, 60)[0]
    assert scores.macro_recall.low == pytest.approx(low)
    assert scores.average_position.high == pytest.approx(2 - low)
    assert scores.average_position.low == 1


def test_pictures_of_one_tray_count_once() -> None:
    """Twelve trays of ten photos, each tray all right or all wrong: twelve tests at most."""
    groups, truth = np.arange(12).repeat(10), np.zeros(120, dtype=int)
    right = (groups % 4 > 0).astype(int)
    scores = score(Graded(truth, groups, 2, 2 - right, 1 - right))
    assert (scores.accuracy.low, scores.accuracy.high) == wilson(90, 120)
    by_group = scores.accuracy_by_group
    assert by_group.low < wilson(9, 12)[0] and by_group.high > wilson(9, 12)[1]
    assert by_group.low > wilson(6, 8)[0] and by_group.high < wilson(6, 8)[1]


def test_without_groups_both_accuracies_are_the_same(simulate: Callable[..., Graded]) -> None:
    scores = score(simulate(np.random.default_rng(0), SKILLS, size=100))
    assert scores.accuracy == scores.accuracy_by_group


@pytest.mark.parametrize(
    ("size", "each", "alike"),
    [(100, 1, 0.0), (40, 1, 0.0), (40, 4, 0.8)],
    ids=["20 a class", "8 a class", "8 groups of 4 look-alikes a class"],
)
def test_intervals_hold_the_truth_in_95_of_100_tests(
    simulate: Callable[..., Graded], size: int, each: int, alike: float
) -> None:
    recall = float(np.mean(SKILLS))
    position = recall + (1 - recall) * MISSED
    truths = {
        "accuracy_by_group": recall,
        "macro_recall": recall,
        "average_position": position,
        "average_position_micro": position,
    }
    rng, hits = np.random.default_rng(11), dict.fromkeys(truths, 0)
    for _ in range(100):
        scores = score(simulate(rng, SKILLS, size, each, alike))
        for name, true in truths.items():
            estimate = getattr(scores, name)
            hits[name] += estimate.low <= true <= estimate.high
    # of 100 such tests 90 and more hold in all but one of 90, if the chance is 95 %
    assert all(count >= 90 for count in hits.values()), hits


def test_wilson_alone_would_promise_too_much_of_look_alikes(
    simulate: Callable[..., Graded],
) -> None:
    """Why `accuracy_by_group` is there."""
    rng, hits = np.random.default_rng(11), 0
    for _ in range(200):
        graded = simulate(rng, SKILLS, size=40, each=4, alike=0.8)
        low, high = wilson(int(graded.right.sum()), len(graded.right))
        hits += low <= np.mean(SKILLS) <= high
    assert hits < 165


def test_positions_of_classes_hold_theirs(simulate: Callable[..., Graded]) -> None:
    rng, hits = np.random.default_rng(2), []
    for _ in range(60):
        bounds = simulate(rng, SKILLS, size=100).positions.by_class
        for skill, pair in zip(SKILLS, bounds, strict=True):
            assert pair is not None
            hits.append(pair[0] <= skill + (1 - skill) * MISSED <= pair[1])
    assert np.mean(hits) > 0.91
