import dataclasses
from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from scipy.special import softmax

from foodcls.metrics.paired_test import (
    LEVEL,
    GainPValues,
    PairedTest,
    compare_predictions,
    mcnemar,
    sign_flip_test,
)
from foodcls.metrics.scores import Estimate


@pytest.fixture
def answer() -> Callable[..., tuple]:
    """Two models of equal worth but for `gain`, on pictures that `each` make a group."""

    def draw(rng: np.random.Generator, n: int, gain: float = 0.0, each: int = 1) -> tuple:
        truth, groups = rng.integers(0, 4, n), np.arange(n) // each
        ease = rng.normal(1.5, 1, n // each + 1)[groups]
        taste = rng.normal(0, 1, (2, n // each + 1))[:, groups] if each > 1 else np.zeros((2, n))
        sides = []
        for side, extra in enumerate((0.0, gain)):
            logits = rng.normal(0, 1, (n, 4))
            logits[np.arange(n), truth] += ease + taste[side] + extra
            sides.append(softmax(logits, axis=1))
        return (*sides, truth, groups)

    return draw


def certain(predicted: list[int], classes: int = 3) -> np.ndarray:
    return np.eye(classes)[predicted] * 0.8 + 0.2 / classes


def test_a_small_pair_by_hand() -> None:
    truth = np.array([0, 0, 1, 1, 2])
    test = compare_predictions(
        certain([0, 1, 1, 0, 0]), certain([0, 0, 0, 1, 1]), truth, np.arange(5)
    )
    assert (test.both, test.only_a, test.only_b, test.neither) == (1, 1, 2, 1)
    assert test.a.accuracy.value == 0.4 and test.b.accuracy.value == 0.6
    assert test.accuracy.value == pytest.approx(0.2)
    assert test.p_value == 1 and test.verdict == "open"


@pytest.mark.parametrize(("a", "b"), [(0, 6), (3, 12), (10, 10), (1, 0)])
def test_mcnemars_exact_p_is_twice_the_tail_of_fair_coins(a: int, b: int) -> None:
    tail = sum(comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b)
    assert mcnemar(a, b) == pytest.approx(min(1, 2 * tail)) == mcnemar(b, a)


def test_models_that_are_right_on_the_same_pictures_are_not_told_apart() -> None:
    assert mcnemar(0, 0) == 1
    sure = certain([0, 1, 2] * 20)
    test = compare_predictions(sure, sure, np.array([0, 1, 2] * 20), np.arange(60))
    assert test.verdict == "open" and test.average_position.value == 0
    # though they may differ on pictures that were not among these
    assert test.accuracy.low < -0.05 and test.accuracy.high > 0.05


def test_swapping_the_two_turns_everything_round(answer: Callable[..., tuple]) -> None:
    a, b, truth, groups = answer(np.random.default_rng(0), 120, gain=1.0)
    there, back = compare_predictions(a, b, truth, groups), compare_predictions(b, a, truth, groups)
    assert there.verdict == "better" and back.verdict == "worse"
    assert (there.winner("accuracy"), back.winner("accuracy")) == ("B", "A")
    assert (there.only_a, there.only_b) == (back.only_b, back.only_a)
    assert there.accuracy.low == pytest.approx(-back.accuracy.high, abs=0.01)
    assert there.average_position.value == pytest.approx(-back.average_position.value)
    assert there.a == back.b


@pytest.mark.parametrize(("n", "each"), [(120, 1), (120, 6)], ids=["alone", "groups of 6"])
def test_equal_models_are_told_apart_in_one_of_twenty_tests(
    answer: Callable[..., tuple], n: int, each: int
) -> None:
    rng, apart = np.random.default_rng(7), 0
    for _ in range(100):
        a, b, truth, groups = answer(rng, n, each=each)
        sides = sign_flip_test(a, b, truth, groups), sign_flip_test(b, a, truth, groups)
        # what `verdict` goes by, without the intervals, which take most of the time
        apart += 2 * min(min(vars(side).values()) for side in sides) < LEVEL
    # more would come in one of 100 such runs
    assert apart <= 10


def test_pairs_that_share_a_group_are_not_so_many_proofs(answer: Callable[..., tuple]) -> None:
    """McNemar's test alone sees a difference where one tray made it."""
    truth = np.array([0] * 60)
    a, b = certain([0] * 60), certain([0] * 50 + [1] * 10)
    groups = np.array([*range(50), *[50] * 10])
    test = compare_predictions(a, b, truth, groups)
    assert test.p_value < LEVEL and not test.winner("accuracy")
    assert compare_predictions(a, b, truth, np.arange(60)).winner("accuracy") == "A"


def test_differences_hold_the_true_one(answer: Callable[..., tuple]) -> None:
    rng = np.random.default_rng(5)
    a, b, truth, groups = answer(rng, 40_000, gain=0.5)
    right = [(side.argmax(axis=1) == truth).mean() for side in (a, b)]
    true, hits = right[1] - right[0], 0
    for _ in range(40):
        found = compare_predictions(*answer(rng, 100, gain=0.5)).accuracy
        hits += found.low <= true <= found.high
    assert hits >= 36


def shown(accuracy: float, position: float) -> PairedTest:
    """B with these differences, each shown unless it is 0."""
    truth = np.array([0, 1])
    plain = compare_predictions(certain([0, 1]), certain([0, 1]), truth, np.arange(2))
    side = GainPValues(
        accuracy=0.01 if accuracy else 0.6, average_position=0.01 if position else 0.6
    )
    return dataclasses.replace(
        plain,
        accuracy=Estimate(accuracy, accuracy - 0.01, accuracy + 0.01),
        average_position=Estimate(position, position - 0.01, position + 0.01),
        gain=side,
    )


@pytest.mark.parametrize(
    ("accuracy", "position", "verdict"),
    [(0.1, -0.1, "better"), (0.1, 0.0, "better"), (0.1, 0.1, "mixed"), (-0.1, 0.0, "worse"),
     (0.0, -0.1, "better"), (0.0, 0.1, "worse"), (-0.1, -0.1, "mixed"), (0.0, 0.0, "open")],
)  # fmt: skip
def test_the_verdict_weighs_both_figures(accuracy: float, position: float, verdict: str) -> None:
    assert shown(accuracy, position).verdict == verdict


def test_chance_looks_both_ways(answer: Callable[..., tuple]) -> None:
    a, b, truth, groups = answer(np.random.default_rng(0), 120, gain=1.0)
    there, back = compare_predictions(a, b, truth, groups), compare_predictions(b, a, truth, groups)
    for figure in ("accuracy", "average_position"):
        assert there.chance(figure) == back.chance(figure) < 0.05
    same = compare_predictions(a, a, truth, groups)
    assert same.chance("accuracy") == same.chance("average_position") == 1


def answers(said: list[int], classes: int = 2) -> np.ndarray:
    """Probabilities of a model that names these classes."""
    return np.where(np.arange(classes) == np.array(said)[:, None], 0.9, 0.1 / (classes - 1))


def test_of_single_pictures_and_two_classes_it_is_mcnemars_test_one_sided() -> None:
    # 40 pictures of each class; B alone is right on 9 of them, A alone on 2
    truth = np.arange(80) % 2
    a, b = truth.copy(), truth.copy()
    a[:9], b[9:11] = 1 - a[:9], 1 - b[9:11]
    found = sign_flip_test(answers(a), answers(b), truth, np.arange(80))
    # of two classes both figures say the same
    assert found.accuracy == pytest.approx(mcnemar(2, 9) / 2, abs=0.01)
    assert found.average_position == pytest.approx(found.accuracy, abs=0.02)


def test_look_alikes_count_as_one() -> None:
    """The same eight gains are shown by eight groups, and not by two."""
    truth = np.arange(80) % 2
    a = truth.copy()
    a[:8] = 1 - a[:8]
    pairs = answers(a), answers(truth), truth
    assert sign_flip_test(*pairs, np.arange(80)).figures(0.05) == ("accuracy", "average_position")
    in_two = np.where(np.arange(80) < 8, np.arange(80) // 4, np.arange(80) - 6)
    assert sign_flip_test(*pairs, in_two).figures(0.05) == ()


def test_equal_answers_show_nothing() -> None:
    truth = np.arange(30) % 3
    same = answers(list(truth), 3)
    found = sign_flip_test(same, same, truth, np.arange(30))
    assert (found.accuracy, found.average_position) == (1.0, 1.0)


def test_a_worse_model_is_not_better_and_the_same_question_has_the_same_answer() -> None:
    truth = np.arange(60) % 3
    poor = answers(list((truth + (np.arange(60) < 15)) % 3), 3)
    whole = answers(list(truth), 3)
    worse = sign_flip_test(whole, poor, truth, np.arange(60))
    assert min(worse.accuracy, worse.average_position) > 0.99
    assert sign_flip_test(poor, whole, truth, np.arange(60)) == sign_flip_test(
        poor, whole, truth, np.arange(60)
    )
