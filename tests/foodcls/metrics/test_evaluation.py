from collections.abc import Callable

import numpy as np
import pytest

from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.metrics.metrics import wilson

SOURCE = Source("c", "test", ("a", "b"), temperature=2.0, abstain_below=0.6, predictions="p")


@pytest.fixture
def account() -> Evaluation:
    before = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
    return evaluate_predictions(before, np.array([0, 1, 1, 1]), np.array([0, 0, 1, 2]), SOURCE)


def test_the_account_is_whole(account: Evaluation) -> None:
    assert (account.n, account.groups, account.accuracy) == (4, 3, 0.75)
    assert (account.scores.accuracy.low, account.scores.accuracy.high) == wilson(3, 4)
    assert account.confusion == ((1, 0), (1, 2))
    assert [row.recall for row in account.per_class] == [1.0, pytest.approx(2 / 3)]
    assert account.average_position == pytest.approx((1 + 4 / 3) / 2)


def test_figures_are_of_the_probabilities_that_the_file_gives(account: Evaluation) -> None:
    calibration = account.calibration
    # at temperature 2: 0.75, 0.551, 0.604 and 0.667
    assert calibration.coverage == 0.75 and calibration.answered is not None
    assert calibration.answered.value == 1.0
    assert calibration.error != calibration.error_before


def test_headline_figures_come_with_their_intervals(account: Evaluation) -> None:
    figures = account.headline
    for name in ("accuracy", "accuracy_by_group", "macro_recall", "average_position"):
        assert figures[f"{name}_low"] <= figures[name] <= figures[f"{name}_high"]
    assert figures["n"] == 4 and figures["groups"] == 3 and figures["coverage"] == 0.75
    assert all(isinstance(value, int | float) for value in figures.values())


def test_a_threshold_that_nothing_reaches_leaves_no_accuracy() -> None:
    source = Source("c", "test", ("a", "b"), 1.0, 1.0, "p")
    found = evaluate_predictions(np.array([[0.9, 0.1]]), np.array([0]), np.array([0]), source)
    assert "accuracy_answered" not in found.headline and found.headline["coverage"] == 0


def test_the_digest_depends_on_every_figure(
    account: Evaluation, judged: Callable[..., Evaluation]
) -> None:
    assert judged([[3, 1], [0, 4]]).digest != judged([[4, 0], [0, 4]]).digest != account.digest
