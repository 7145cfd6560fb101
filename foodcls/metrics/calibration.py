"""Measures calibration: whether pictures predicted at 80 % are right in 80 % of the cases."""

from dataclasses import dataclass

import numpy as np

from foodcls.metrics.ranks import Floats, Ints
from foodcls.metrics.scores import Estimate, share_of
from foodcls.metrics.temperature import apply_temperature

# as in the paper that made the error known (Guo et al. 2017, arXiv:1706.04599)
BINS = 15
# so many draws put the error by chance within a twentieth of itself
DRAWS = 500


@dataclass(frozen=True)
class Bin:
    """A bin of the reliability diagram: highest probabilities above `low`, up to `high`."""

    low: float
    high: float
    n: int
    confidence: float  # mean of the highest probability
    accuracy: Estimate


@dataclass(frozen=True)
class Calibration:
    """The calibration error, and what the reject option gives: to abstain below a threshold."""

    temperature: float  # logits are divided by it in the exported file
    error_before: float  # expected calibration error at temperature 1
    error: float  # of the probabilities that the exported file gives
    error_by_chance: float  # the 95th percentile for perfectly calibrated probabilities
    abstain_below: float  # a highest probability below this is no answer
    coverage: float  # share of pictures that get an answer
    answered: Estimate | None  # accuracy on them; None when there are none


def measure_calibration(
    before: Floats, right: Ints, temperature: float, abstain_below: float
) -> Calibration:
    """The calibration of probabilities `before` (N, C) at temperature 1; `right` (N,) is 1 or 0."""
    confidence = apply_temperature(before, temperature).max(axis=1)
    answered = right[confidence >= abstain_below]
    return Calibration(
        temperature=temperature,
        error_before=calibration_error(before.max(axis=1), right),
        error=calibration_error(confidence, right),
        error_by_chance=_error_by_chance(confidence),
        abstain_below=abstain_below,
        coverage=len(answered) / len(right),
        answered=share_of(answered) if len(answered) else None,
    )


def calibration_error(confidence: Floats, right: Ints) -> float:
    """The expected calibration error, 0 to 1, of `confidence` (N,); `right` (N,) is 1 or 0.

    It is the mean distance of confidence from accuracy over bins, weighted by their pictures.
    """
    return float(
        np.abs(np.bincount(_bin_places(confidence), right - confidence)).sum() / len(right)
    )


def fill_bins(confidence: Floats, right: Ints) -> list[Bin]:
    """The bins of equal width that hold some of `confidence` (N,); `right` (N,) is 1 or 0."""
    places = _bin_places(confidence)
    return [
        Bin(
            low=int(place) / BINS,
            high=(int(place) + 1) / BINS,
            n=int((places == place).sum()),
            confidence=float(confidence[places == place].mean()),
            accuracy=share_of(right[places == place]),
        )
        for place in np.unique(places)
    ]


def _bin_places(confidence: Floats) -> Ints:
    # a bin holds its upper edge, as in the paper
    return np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)


def _error_by_chance(confidence: Floats) -> float:
    draw = np.random.default_rng(0)
    n = len(confidence)
    tests = ((draw.random(n) < confidence).astype(int) for _ in range(DRAWS))
    errors = [calibration_error(confidence, right) for right in tests]
    return float(np.quantile(errors, 0.95))
