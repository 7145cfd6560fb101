"""A poor model is told what ails it, a good one nothing."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from foodcls.evaluate.advice import advise
from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.recipe.train_settings import Train
from foodcls.train.checkpoint import Checkpoint, EpochReport

LABELS = ("apple", "tomato", "kiwi", "lemon")


def epoch(number: int, train_loss: float, val_loss: float, train: float, val: float) -> EpochReport:
    return EpochReport(number, train_loss, train, val_loss, val, 1.5, 1.0, 1e-3)


RESTING = (
    epoch(1, 0.5, 0.6, 0.8, 0.8),
    epoch(2, 0.4, 0.5, 0.9, 0.88),
    epoch(3, 0.3, 0.5, 0.9, 0.88),
)


def checkpoint(epochs: Sequence[EpochReport] = RESTING, val: int = 400) -> Checkpoint:
    return Checkpoint("w", LABELS, Train(), "mit", "p", (0.5,) * 3, (0.2,) * 3, 1,
                      epochs[-1].epoch, tuple(epochs), 1000, val, "d", temperature=1.4)  # fmt: skip


def evaluation(confusion: Sequence[Sequence[int]]) -> Evaluation:
    """Of a model whose answers make this matrix."""
    matrix = np.array(confusion)
    truth = np.repeat(np.arange(4), matrix.sum(axis=1))
    said = np.concatenate([np.repeat(np.arange(4), row) for row in matrix])
    probabilities = np.full((len(truth), 4), 0.1)
    probabilities[np.arange(len(truth)), said] = 0.7
    source = Source("c", "test", LABELS, 1.0, 0.0, "p")
    return evaluate_predictions(probabilities, truth, np.arange(len(truth)), source)


GOOD = evaluation(np.diag([18, 18, 18, 18]) + np.roll(np.eye(4, dtype=int), 1, axis=1))
TAKEN = evaluation([[4, 16, 0, 0], [1, 19, 0, 0], [0, 0, 20, 0], [0, 0, 0, 20]])


def test_nothing_is_said_of_a_model_that_is_as_it_should_be() -> None:
    assert advise(checkpoint(), GOOD) == []


def test_losses_that_still_fall_ask_for_more_epochs() -> None:
    falling = [epoch(1, 2.4, 2.4, 0.2, 0.2), epoch(2, 2.2, 2.2, 0.3, 0.3)]
    (said,) = advise(checkpoint(falling), GOOD)
    assert "2.40 to 2.20" in said and "train.epochs" in said and "train.lr" in said
    assert advise(checkpoint(falling[1:]), GOOD) == []
    # validation has come to rest
    assert advise(checkpoint([*falling, epoch(3, 1.5, 2.19, 0.3, 0.3)]), GOOD) == []
    # nothing is left to fall
    done = [epoch(1, 0.004, 0.003, 1, 1), epoch(2, 0.002, 0.001, 1, 1)]
    assert advise(checkpoint(done), GOOD) == []


def test_what_is_known_by_heart_is_named() -> None:
    (said,) = advise(checkpoint([epoch(1, 0.1, 0.9, 0.99, 0.7)]), GOOD)
    assert "0.99" in said and "0.70" in said and "foodcls worth" in said and "trainable" in said


def test_a_probe_is_told_of_no_setting_that_it_ignores() -> None:
    heart = checkpoint([epoch(1, 0.1, 0.9, 0.99, 0.7)])
    (said,) = advise(dataclasses.replace(heart, settings=Train(method="probe")), GOOD)
    assert "foodcls worth" in said and "trainable" not in said


def test_a_weak_class_and_what_it_is_taken_for_are_named() -> None:
    weak, pair = advise(checkpoint(), TAKEN)
    assert weak.startswith("apple is weaker than the rest (recall 0.20, of all 0.79)")
    assert pair.startswith("apple is taken for tomato in 16 of 20")


@pytest.mark.parametrize(("val", "before", "says"), [(88, 0.05, True), (400, 0.05, False),
                                                     (88, 0.2, False)])  # fmt: skip
def test_a_temperature_of_few_pictures_that_harmed_is_doubted(
    val: int, before: float, says: bool
) -> None:
    calibration = dataclasses.replace(GOOD.calibration, error=0.1, error_before=before)
    told = advise(checkpoint(val=val), dataclasses.replace(GOOD, calibration=calibration))
    assert [f"fitted on {val} validation" in one for one in told] == [True] * says
