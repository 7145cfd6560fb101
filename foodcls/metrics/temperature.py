"""Fits the temperature of probabilities, and the threshold below which they are no answer."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from foodcls.metrics.ranks import Floats, Ints

# beyond these a model is broken, not ill calibrated
TEMPERATURES = (0.05, 20.0)
# a probability that was rounded to 0 does not make all others worthless
LEAST = 1e-12


@dataclass(frozen=True)
class Threshold:
    """What it gives to answer only from a highest probability of `lowest` on."""

    lowest: float
    coverage: float  # share of pictures that get an answer
    accuracy: float  # on them


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
