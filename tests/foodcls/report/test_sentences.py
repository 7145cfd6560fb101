from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.metrics.paired_test import compare_predictions
from foodcls.metrics.rejection import Side, measure_rejection
from foodcls.report.sentences import (
    explain_calibration,
    explain_pair,
    explain_scores,
    frequent_mistakes,
)


def grouped(groups: list[int], abstain: float = 0.0) -> Evaluation:
    """Two classes, right at 0.9 but for the last picture of each group."""
    numbers = np.array(groups)
    last = np.append(numbers[1:] != numbers[:-1], True)
    before = np.where(last[:, None], [0.45, 0.55], [0.9, 0.1])
    source = Source("c", "test", ("a", "b"), 1.0, abstain, "p")
    return evaluate_predictions(before, np.zeros(len(groups), dtype=int), numbers, source)


def test_the_first_sentence_says_what_to_expect(judged: Callable[..., Evaluation]) -> None:
    lead, *_ = explain_scores(judged([[89, 23], [0, 0]]))
    assert lead == (
        "Of 100 new pictures like these, expect 71 to 86 to be named right; in this test it was "
        "89 of 112."
    )


def test_the_most_frequent_mistake_is_named(judged: Callable[..., Evaluation]) -> None:
    told = " ".join(explain_scores(judged([[9, 1, 0], [0, 5, 4], [0, 0, 9]])))
    assert "dish 1 taken for dish 2, 4 of 9" in told
    assert "No picture of the test was named wrong." in explain_scores(judged([[9, 0], [0, 9]]))


def test_frequent_mistakes_are_in_order(judged: Callable[..., Evaluation]) -> None:
    found = frequent_mistakes(judged([[9, 1, 2], [2, 1, 0], [0, 0, 5]]), 2)
    # of two pairs as frequent, the one that takes more of its class
    assert found == [("dish 1", "dish 0", 2, 3), ("dish 0", "dish 2", 2, 12)]


def test_few_pictures_are_told_of(judged: Callable[..., Evaluation]) -> None:
    told = " ".join(explain_scores(judged([[30, 0], [0, 5]])))
    assert "dish 1 has fewer than 20 test pictures" in told
    assert "Each class has fewer" in " ".join(explain_scores(judged([[3, 0], [0, 5]])))
    assert "fewer" not in " ".join(explain_scores(judged([[30, 0], [0, 25]])))


def test_groups_widen_what_is_promised_and_are_told_of() -> None:
    told = explain_scores(grouped([number // 5 for number in range(40)]))
    assert "fall into 8 groups" in told[-1] and "roughly, as 8 are few" in told[-1]
    assert "groups" not in " ".join(explain_scores(grouped(list(range(40)))))


def test_abstaining_is_told_where_there_is_a_threshold() -> None:
    told = " ".join(explain_scores(grouped([number // 5 for number in range(40)], 0.6)))
    assert "silent below a probability of 0.60, it answers 80 % of the pictures" in told
    assert "is right in 100 % of those" in told


def test_refused_strangers_are_told_where_that_was_learnt() -> None:
    known, strangers = Side(np.full(40, 0.9), np.arange(40)), Side(np.full(9, 0.1), np.arange(9))
    found = measure_rejection("knn", 0.5, known, strangers, ["unrelated"] * 9)
    evaluation = replace(grouped(list(range(40))), rejection=found)
    told = " ".join(explain_scores(evaluation))
    assert "takes it for one in 0 % to 30 % of the cases (unrelated 0 of 9" in told
    assert "keeps 100 % of pictures of its classes" in told
    assert evaluation.headline["strangers_accepted"] == 0
    assert "none of its classes" not in " ".join(explain_scores(grouped(list(range(40)))))


@pytest.mark.parametrize(("share", "said"), [(9, "nothing speaks against"), (2, "more than the")])
def test_calibration_is_held_against_chance(
    judged: Callable[..., Evaluation], share: int, said: str
) -> None:
    """A model that always says 0.9, and is right in nine of ten pictures, or in two."""
    wrong = 10 - share
    account = judged([[10 * share, 10 * wrong], [10 * wrong, 10 * share]])
    assert said in explain_calibration(account.calibration)


def test_a_pair_is_told_in_words() -> None:
    truth = np.arange(90) % 3
    good, bad = np.eye(3)[truth] * 0.7 + 0.1, np.eye(3)[(truth + 1) % 3] * 0.7 + 0.1
    half = np.where((np.arange(90) < 45)[:, None], good, bad)
    verdict, accuracy, position = explain_pair(
        compare_predictions(half, good, truth, np.arange(90)), "old", "new"
    )
    assert verdict == "new is better than old."
    assert accuracy.startswith("B is more accurate (+50.0 points, 95 %: +39.1 to +60.1; B alone")
    assert "B alone is right on 45, A alone on 0 of 90 pictures" in accuracy
    assert position.startswith("B ranks the true class better")
    verdict, accuracy, position = explain_pair(
        compare_predictions(good, half, truth, np.arange(90)), "new", "old"
    )
    assert verdict == "old is worse than new."
    assert accuracy.startswith("A is more accurate") and position.startswith("A ranks")
    verdict, *rest = explain_pair(compare_predictions(half, half, truth, np.arange(90)))
    assert verdict == "These 90 pictures do not tell A and B apart."
    assert all(sentence.startswith("No difference") for sentence in rest)
