"""Fits temperature scaling, and the threshold of the reject option: when to abstain."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from foodcls.metrics.ranks import Floats, Ints

# beyond these a model is broken, not badly calibrated
TEMPERATURES = (0.05, 20.0)
# a probability that was rounded to 0 would have an infinite loss
LEAST = 1e-12


@dataclass(frozen=True)
class Threshold:
    """Coverage and accuracy if a picture gets no answer below a probability of `lowest`."""

    lowest: float
    coverage: float  # share of pictures that get an answer
    accuracy: float  # on them


def apply_temperature(probabilities: Floats, temperature: float) -> Floats:
    """softmax(logits / temperature), (N, C), from `probabilities`, softmax(logits) (N, C)."""
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}: must be above 0")
    if temperature == 1:
        return probabilities
    # logarithms, lest a small temperature makes all of a row 0
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities.astype(np.float64)) / temperature
    tempered: Floats = softmax(logits, axis=1)
    return tempered


def fit_temperature(before: Floats, truth: Ints) -> float:
    """The maximum a posteriori temperature of `before`, softmax(logits) (N, C), for `truth` (N,).

    One number leaves the order of classes as it is (Guo et al. 2017, arXiv:1706.04599). Its
    logarithm has a standard normal prior: without it, the temperature would go to 0 where a model
    makes no mistake on these rows.
    """
    from scipy.optimize import minimize_scalar  # not imported where nothing is fitted

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        own = apply_temperature(before, float(np.exp(log_temperature)))[rows, truth]
        return float(-np.log(np.maximum(own, LEAST)).sum()) + log_temperature**2 / 2

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def choose_threshold(confidence: Floats, right: Ints, share: float) -> float:
    """The lowest threshold at which the share `share` of answers is right; 1 where there is none.

    `confidence` (N,) are the highest probabilities; `right` (N,) is 1 or 0.
    """
    enough = [point for point in coverage_curve(confidence, right) if point.accuracy >= share]
    if not enough:
        return 1.0
    return 0.0 if enough[-1].coverage == 1 else enough[-1].lowest


def coverage_curve(confidence: Floats, right: Ints) -> list[Threshold]:
    """Accuracy by coverage for `confidence` (N,) and `right` (N,), highest threshold first."""
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(right[order]) / taken
    # pictures of the same confidence lie on one side of any threshold
    sure = confidence[order]
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True))
    return [
        Threshold(float(sure[end]), float(taken[end] / len(order)), float(accuracy[end]))
        for end in ends
    ]
