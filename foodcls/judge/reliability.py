"""Turns probabilities and what was right into calibration, and into coverage against accuracy."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from foodcls.judge.metrics import Floats, Ints
from foodcls.judge.scores import Estimate, share_of

# as in the paper that made the error known (Guo et al. 2017, arXiv:1706.04599)
BINS = 15
# beyond these a model is broken, not ill calibrated
TEMPERATURES = (0.05, 20.0)
# a probability that was rounded to 0 does not make all others worthless
LEAST = 1e-12
# so many draws put the error by chance within a twentieth of itself
DRAWS = 500


@dataclass(frozen=True)
class Bin:
    """The pictures whose highest probability lies above `low`, up to `high`."""

    low: float
    high: float
    n: int
    confidence: float  # mean of the highest probability
    accuracy: Estimate


@dataclass(frozen=True)
class Threshold:
    """What it gives to answer only from a highest probability of `lowest` on."""

    lowest: float
    coverage: float  # share of pictures that get an answer
    accuracy: float  # on them


@dataclass(frozen=True)
class Calibration:
    """Whether the probabilities may be believed, and what abstaining below a threshold gives."""

    temperature: float  # logits are divided by it in the exported file
    error_before: float  # expected calibration error at temperature 1
    error: float  # of the probabilities that the exported file gives
    error_by_chance: float  # what true probabilities stay below in 95 of 100 such tests
    abstain_below: float  # a highest probability below this is no answer
    coverage: float  # share of pictures that get an answer
    answered: Estimate | None  # accuracy on them; None when there are none


def temper(probabilities: Floats, temperature: float) -> Floats:
    """What softmax(logits / temperature) gives, from softmax(logits); rows (N, C) sum to 1."""
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}: must be above 0")
    if temperature == 1:
        return probabilities
    # logarithms, lest a small temperature makes all of a row 0
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities.astype(np.float64)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    tempered: Floats = powers / powers.sum(axis=1, keepdims=True)
    return tempered


def fit_temperature(before: Floats, truth: Ints) -> float:
    """The temperature at which rows (N, C) of softmax(logits) make the truth (N,) likeliest.

    One number leaves the order of classes as it is (Guo et al. 2017, arXiv:1706.04599). It is
    drawn to 1 as by one normal draw of its logarithm: without that, a model that makes no mistake
    on these rows would be made sure of everything.
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        own = temper(before, float(np.exp(log_temperature)))[rows, truth]
        return float(-np.log(np.maximum(own, LEAST)).sum()) + log_temperature**2 / 2

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def choose_threshold(confidence: Floats, right: Ints, share: float) -> float:
    """The lowest threshold from which on `share` of the answers is right; 1 where there is none."""
    enough = [point for point in coverage_curve(confidence, right) if point.accuracy >= share]
    if not enough:
        return 1.0
    return 0.0 if enough[-1].coverage == 1 else enough[-1].lowest


def calibrate(before: Floats, right: Ints, temperature: float, abstain_below: float) -> Calibration:
    """Judge the highest probabilities of rows (N, C) against what was right (N,)."""
    confidence = temper(before, temperature).max(axis=1)
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
    """The mean distance of confidence from accuracy over bins, each weighed by its pictures."""
    return float(
        np.abs(np.bincount(_bin_places(confidence), right - confidence)).sum() / len(right)
    )


def fill_bins(confidence: Floats, right: Ints) -> list[Bin]:
    """The bins of equal width from 0 to 1 that have pictures."""
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


def coverage_curve(confidence: Floats, right: Ints) -> list[Threshold]:
    """What each threshold gives that parts answers from others, the highest first."""
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(right[order]) / taken
    # no threshold parts answers of the same confidence
    sure = confidence[order]
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True))
    return [
        Threshold(float(sure[end]), float(taken[end] / len(order)), float(accuracy[end]))
        for end in ends
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
