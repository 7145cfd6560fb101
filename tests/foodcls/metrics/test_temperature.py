import numpy as np
import pytest
from answer_fixtures import draw_logits
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from foodcls.metrics.temperature import (
    apply_temperature,
    choose_threshold,
    coverage_curve,
    fit_temperature,
)


@pytest.mark.parametrize("temperature", [0.05, 0.7, 3.0, 20.0])
def test_tempering_is_softmax_of_divided_logits(temperature: float) -> None:
    logits, _ = draw_logits(50, 2.0)
    tempered = apply_temperature(softmax(logits, axis=1), temperature)
    assert tempered == pytest.approx(softmax(logits / temperature, axis=1))


def test_tempering_by_1_changes_nothing_and_by_0_is_refused() -> None:
    rows = softmax(draw_logits(9, 1.0)[0], axis=1)
    assert apply_temperature(rows, 1.0) is rows
    with pytest.raises(ValueError, match="above 0"):
        apply_temperature(rows, 0.0)


def test_a_class_of_probability_0_stays_so() -> None:
    assert apply_temperature(np.array([[1.0, 0.0]]), 2.0).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.5])
def test_the_temperature_undoes_what_was_too_sharp(sharpness: float) -> None:
    logits, truth = draw_logits(4000, sharpness)
    found = fit_temperature(softmax(logits, axis=1), truth)
    assert found == pytest.approx(sharpness, rel=0.07)


def test_the_temperature_is_that_of_another_way_to_compute_it() -> None:
    logits, truth = draw_logits(300, 2.0)

    def loss(log_t: float) -> float:
        own = log_softmax(logits / np.exp(log_t), axis=1)[np.arange(300), truth]
        return float(-own.sum() + log_t**2 / 2)

    expected = np.exp(minimize_scalar(loss, bracket=(-1, 1)).x)
    assert fit_temperature(softmax(logits, axis=1), truth) == pytest.approx(expected, rel=1e-3)


def test_a_validation_set_without_mistakes_does_not_make_sure_of_all() -> None:
    rows = np.full((12, 3), 0.2)
    rows[np.arange(12), np.arange(12) % 3] = 0.6
    found = fit_temperature(rows, np.arange(12) % 3)
    assert 0.25 < found < 1
    assert apply_temperature(rows, found).max() < 0.999


def test_curve_goes_from_the_surest_to_all() -> None:
    confidence, right = np.array([0.5, 0.9, 0.7, 0.7]), np.array([0, 1, 1, 0])
    points = coverage_curve(confidence, right)
    assert [(p.lowest, p.coverage, p.accuracy) for p in points] == [
        (0.9, 0.25, 1.0),
        # no threshold parts the two at 0.7
        (0.7, 0.75, pytest.approx(2 / 3)),
        (0.5, 1.0, 0.5),
    ]


@pytest.mark.parametrize(
    ("share", "threshold"),
    [(0.4, 0.0), (0.5, 0.0), (0.6, 0.7), (0.9, 0.9), (1.0, 0.9)],
)
def test_the_threshold_is_the_lowest_that_does(share: float, threshold: float) -> None:
    confidence, right = np.array([0.5, 0.9, 0.7, 0.7]), np.array([0, 1, 1, 0])
    assert choose_threshold(confidence, right, share) == threshold


def test_where_no_threshold_does_nothing_is_answered() -> None:
    assert choose_threshold(np.array([0.9, 0.5]), np.array([0, 1]), 0.8) == 1.0
