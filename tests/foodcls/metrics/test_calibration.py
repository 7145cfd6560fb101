import numpy as np
import pytest
from answer_fixtures import draw_logits
from scipy.special import softmax

from foodcls.metrics.calibration import BINS, calibration_error, fill_bins, measure_calibration
from foodcls.metrics.temperature import apply_temperature


def test_the_error_by_hand() -> None:
    # two bins: 0.9 said twice and right once, 0.6 said twice and right twice
    confidence, right = np.array([0.9, 0.9, 0.6, 0.6]), np.array([1, 0, 1, 1])
    assert calibration_error(confidence, right) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)
    first, second = fill_bins(confidence, right)
    assert (first.n, first.confidence, first.accuracy.value) == (2, pytest.approx(0.6), 1)
    assert (second.n, second.confidence, second.accuracy.value) == (2, pytest.approx(0.9), 0.5)
    assert first.low < 0.6 <= first.high


def test_a_bin_holds_its_upper_edge() -> None:
    edges = np.arange(1, BINS + 1) / BINS
    bins = fill_bins(edges, np.ones(BINS, dtype=int))
    assert [item.high for item in bins] == pytest.approx(edges.tolist())
    assert sum(item.n for item in bins) == BINS


def test_the_error_is_the_weighed_distance_of_the_bins() -> None:
    rng = np.random.default_rng(8)
    confidence, right = rng.uniform(0.2, 1, 200), rng.integers(0, 2, 200)
    told = sum(b.n * abs(b.accuracy.value - b.confidence) for b in fill_bins(confidence, right))
    assert calibration_error(confidence, right) == pytest.approx(told / 200)


def test_true_probabilities_miss_by_more_than_chance_in_one_of_twenty_tests() -> None:
    above = 0
    for seed in range(200):
        logits, truth = draw_logits(100, 1.0, seed=seed)
        rows = softmax(logits, axis=1)
        right = (rows.argmax(axis=1) == truth).astype(int)
        found = measure_calibration(rows, right, 1.0, 0.0)
        above += found.error > found.error_by_chance
    assert 2 <= above <= 20


def test_an_account_of_both() -> None:
    logits, truth = draw_logits(400, 3.0)
    rows = softmax(logits, axis=1)
    right = (rows.argmax(axis=1) == truth).astype(int)
    found = measure_calibration(rows, right, 3.0, 0.6)
    assert found.error < found.error_before and found.temperature == 3.0
    sure = apply_temperature(rows, 3.0).max(axis=1) >= 0.6
    assert found.coverage == sure.mean() and found.answered is not None
    assert found.answered.value == pytest.approx(right[sure].mean())
    assert measure_calibration(rows, right, 3.0, 1.0).answered is None
