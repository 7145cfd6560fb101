"""Turns probabilities and what was right into calibration, and into coverage against accuracy."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from foodcls.judge.metrics import Floats, Ints, wilson
from foodcls.judge.scores import Estimate

# as in the paper that made the error known (Guo et al. 2017, arXiv:1706.04599)
BINS = 15
# beyond these a model is broken, not ill calibrated
TEMPERATURES = (0.05, 20.0)
# a probability that was rounded to 0 does not make all others worthless
LEAST = 1e-12


@dataclass(frozen=True)
class Bin:
    """The pictures whose highest probability lies above `low`, up to `high`."""

    low: float
    high: float
    n: int
    confidence: float  # mean of the highest probability
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """Whether the probabilities may be believed, and what abstaining below a threshold gives."""

    temperature: float  # logits are divided by it in the exported file
    error_before: float  # expected calibration error at temperature 1
    error: float  # of the probabilities that the exported file gives
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

    One number leaves the order of classes as it is (Guo et al. 2017, arXiv:1706.04599).
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        own = temper(before, float(np.exp(log_temperature)))[rows, truth]
        return float(-np.log(np.maximum(own, LEAST)).mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def choose_threshold(confidence: Floats, right: Ints, share: float) -> float:
    """The lowest threshold from which on `share` of the answers is right; 1 where there is none."""
    curve = coverage_curve(confidence, right)
    enough = [round(coverage * len(right)) for coverage, accuracy in curve if accuracy >= share]
    if not enough:
        return 1.0
    return 0.0 if enough[-1] == len(right) else float(np.sort(confidence)[::-1][enough[-1] - 1])


def calibrate(before: Floats, right: Ints, temperature: float, abstain_below: float) -> Calibration:
    """Judge the highest probabilities of rows (N, C) against what was right (N,)."""
    confidence = temper(before, temperature).max(axis=1)
    answered = right[confidence >= abstain_below]
    return Calibration(
        temperature=temperature,
        error_before=calibration_error(before.max(axis=1), right),
        error=calibration_error(confidence, right),
        abstain_below=abstain_below,
        coverage=len(answered) / len(right),
        answered=_accuracy(answered) if len(answered) else None,
    )


def calibration_error(confidence: Floats, right: Ints) -> float:
    """The mean distance of confidence from accuracy over bins, each weighed by its pictures."""
    bins = fill_bins(confidence, right)
    return float(sum(b.n * abs(b.accuracy - b.confidence) for b in bins) / len(right))


def fill_bins(confidence: Floats, right: Ints) -> list[Bin]:
    """The bins of equal width from 0 to 1 that have pictures."""
    edges = np.linspace(0, 1, BINS + 1)
    # a bin holds its upper edge, as in the paper
    places = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)
    return [
        Bin(
            low=float(edges[place]),
            high=float(edges[place + 1]),
            n=int((places == place).sum()),
            confidence=float(confidence[places == place].mean()),
            accuracy=float(right[places == place].mean()),
        )
        for place in np.unique(places)
    ]


def coverage_curve(confidence: Floats, right: Ints) -> list[tuple[float, float]]:
    """Points (coverage, accuracy) for every threshold, from the surest answers to all."""
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(right[order]) / taken
    # no threshold parts answers of the same confidence
    sure = confidence[order]
    ends = np.append(sure[1:] != sure[:-1], True)
    return [
        (float(k) / len(order), float(a)) for k, a in zip(taken[ends], accuracy[ends], strict=True)
    ]


def _accuracy(right: Ints) -> Estimate:
    low, high = wilson(int(right.sum()), len(right))
    return Estimate(float(right.mean()), low, high)
