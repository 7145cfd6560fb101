"""Lets a rule judge models whose true worth is known, because they were drawn at random."""

import numpy as np
import pytest

from foodcls.metrics.paired_test import sign_flip_test
from foodcls.metrics.ranks import Floats
from foodcls.promote.rule import (
    ChampionComparison,
    compare_models,
    judge_challenger,
    judge_successor,
)
from foodcls.recipe.train_settings import Promote

RULE = Promote()
TESTS, GROUPS, CLASSES = 240, 160, 6
Question = tuple[Floats, Floats, np.ndarray, np.ndarray]


def draw_pair(seed: int, skill_a: float, skill_b: float) -> Question:
    """The answers of two models to the same pictures, some of which look alike.

    Pictures are hard or easy for both; beyond that each model errs for itself.
    """
    draw = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(GROUPS), draw.integers(GROUPS, size=TESTS - GROUPS)])
    truth = draw.integers(CLASSES, size=GROUPS)[groups]
    both = draw.normal(size=(GROUPS, CLASSES))[groups]

    def answer(skill: float) -> Floats:
        own = draw.normal(size=(GROUPS, CLASSES))[groups] + draw.normal(size=(TESTS, CLASSES))
        logits = both + 0.7 * own
        logits[np.arange(TESTS), truth] += skill
        shares: Floats = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return shares

    return answer(skill_a), answer(skill_b), truth, groups


def share_promoted(skill_a: float, skill_b: float, trials: int) -> tuple[float, float]:
    """How often B is shown to be better, and how often it is promoted."""
    shown = promoted = 0
    for seed in range(trials):
        pair = draw_pair(seed, skill_a, skill_b)
        # the whole rule; its dear half is not needed where the cheap one has refused
        if sign_flip_test(*pair).figures(RULE.alpha):
            shown += 1
            promoted += judge_challenger(compare_models(*pair), RULE).is_promoted
    return shown / trials, promoted / trials


def test_a_model_that_is_no_better_is_promoted_about_as_seldom_as_stated() -> None:
    shown, promoted = share_promoted(2.5, 2.5, trials=400)
    # 5 % give or take two standard errors of 400 trials
    assert 0.028 <= shown <= 0.072
    # the margin can only take from that
    assert 0.015 <= promoted <= shown


def test_a_worse_model_is_promoted_more_seldom_than_that() -> None:
    _, promoted = share_promoted(2.5, 2.3, trials=200)
    assert promoted <= 0.01


def test_a_better_model_is_promoted() -> None:
    _, promoted = share_promoted(2.5, 3.5, trials=20)
    assert promoted >= 0.9


def compared(a: list[tuple[int, int, int]], b: list[tuple[int, int, int]]) -> ChampionComparison:
    """Two models by the places, class by class, that they give the true class of the pictures."""
    truth = np.repeat(np.arange(4), 30)

    def answer(runs: list[tuple[int, int, int]]) -> Floats:
        """`(first, last, place)` of pictures in the order of `truth`; all others are right."""
        places = np.ones(120, dtype=int)
        for first, last, place in runs:
            places[first:last] = place
        shares = np.full((120, 4), 0.1)
        for row, (label, place) in enumerate(zip(truth, places, strict=True)):
            shares[row, label] = 0.5
            shares[row, [(label + step) % 4 for step in range(1, place)]] = 0.6
        return shares / shares.sum(axis=1, keepdims=True)

    return compare_models(answer(a), answer(b), truth, np.arange(120))


def test_better_in_one_figure_and_far_worse_in_the_other_is_refused() -> None:
    """B is right on ten more, but puts what it gets wrong last: 3 places for 30 pictures."""
    found = compared([(0, 40, 2)], [(0, 30, 4)])
    verdict = judge_challenger(found, RULE)
    assert found.test.gain.figures(RULE.alpha) == ("accuracy",)
    assert not verdict.is_promoted
    assert "better in accuracy, but average position may be worse" in verdict.reason


def test_better_by_position_alone_needs_enough_pictures_to_exclude_a_loss_of_accuracy() -> None:
    """None was lost, but of 120 pictures one in 32 may be, which is beyond a margin of 2 %."""
    found = compared([(0, 40, 4)], [(0, 40, 2)])
    assert found.test.gain.figures(RULE.alpha) == ("average_position",)
    assert not judge_challenger(found, RULE).is_promoted
    assert judge_challenger(found, Promote(margin=0.05)).is_promoted


def test_the_reason_tells_figures_intervals_and_n() -> None:
    reason = judge_challenger(compared([(0, 40, 2)], [(0, 10, 2)]), RULE).reason
    assert reason.startswith("better in accuracy and average position: accuracy 0.9167 against")
    assert (
        "on 120 test pictures in" in reason
        and "that neither learnt from" in reason
        and "p = 0.0002" in reason
    )


@pytest.mark.parametrize(
    ("lost", "is_promoted"), [(0, True), (3, True), (40, False)], ids=["equal", "unclear", "worse"]
)
def test_after_a_change_of_classes_only_a_shown_loss_keeps_the_champion(
    lost: int, is_promoted: bool
) -> None:
    verdict = judge_successor(compared([], [(0, lost, 2)]))
    assert verdict.is_promoted is is_promoted
    assert "the classes have changed" in verdict.reason
