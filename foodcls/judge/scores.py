"""Turns ranks, true classes and groups into figures with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foodcls.judge.bootstrap import interval_of, resample, sum_groups
from foodcls.judge.metrics import (
    Floats,
    Ints,
    average_position,
    class_means,
    confusion_matrix,
    f1_scores,
    precisions,
    ranks,
    recalls,
    wilson,
)

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """A figure and the interval that holds the true one in 95 of 100 such tests."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """The figures that models are compared by.

    Shares of pictures have Wilson's interval; means over classes, and positions, have one from a
    bootstrap that draws whole groups of pictures that look alike.
    """

    accuracy: Estimate
    top3: Estimate
    top5: Estimate
    macro_recall: Estimate  # the mean of the classes' recalls
    average_position: Estimate  # macro: the mean of the classes' mean ranks, 1 is best
    average_position_micro: Estimate  # the mean rank of all pictures


@dataclass(frozen=True)
class ClassScore:
    """How one class fared; None where there is nothing to divide by."""

    label: str
    n: int
    recall: float | None
    precision: float | None
    average_position: float | None  # mean rank of the true label, 1 is best
    f1: float | None = None
    recall_bounds: Bounds | None = None  # 95 %, as all of them
    precision_bounds: Bounds | None = None
    average_position_bounds: Bounds | None = None
    f1_bounds: Bounds | None = None


@dataclass(frozen=True)
class Graded:
    """How each of N pictures was answered; arrays are (N,)."""

    places: Ints  # of the true label, 1 is best
    predicted: Ints
    truth: Ints
    groups: Ints  # of pictures that look alike, from 0
    classes: int

    @property
    def right(self) -> Ints:
        """1 where the likeliest class is the true one, else 0."""
        return (self.predicted == self.truth).astype(int)


@dataclass(frozen=True)
class _Resampled:
    """Sums of each resample, (RESAMPLES, C)."""

    counts: Floats
    places: Floats
    right: Floats

    def means(self, sums: Floats) -> Floats:
        """Each class's mean; no number where a resample has no picture of the class."""
        with np.errstate(invalid="ignore"):
            means: Floats = sums / self.counts
        return means


def grade(probabilities: Floats, truth: Ints, groups: Ints) -> Graded:
    """Grade probabilities (N, C) by the true classes (N,) from 0 to C - 1."""
    predicted = probabilities.argmax(axis=1)
    return Graded(
        ranks(probabilities, truth), predicted, truth, groups, classes=probabilities.shape[1]
    )


def score_all(graded: Graded) -> tuple[Scores, tuple[Bounds | None, ...]]:
    """The figures of all pictures, and the bounds of each class's average position."""
    drawn = _resample(graded)
    places, truth = graded.places, graded.truth
    accuracy, recall = _share(graded.right), _macro_recall(graded, drawn)
    by_class = drawn.means(drawn.places)
    macro = interval_of(np.nanmean(by_class, axis=1))
    micro = interval_of(drawn.places.sum(axis=1) / drawn.counts.sum(axis=1))
    scores = Scores(
        accuracy=accuracy,
        top3=_share((places <= 3).astype(int)),
        top5=_share((places <= 5).astype(int)),
        macro_recall=recall,
        average_position=_widened(average_position(places, truth), macro, recall.low),
        average_position_micro=_widened(float(places.mean()), micro, accuracy.low),
    )
    return scores, _position_bounds(graded, by_class)


def score_classes(
    labels: Sequence[str], graded: Graded, positions: Sequence[Bounds | None]
) -> tuple[ClassScore, ...]:
    """Recall, precision, F1 and average position of each class, with their intervals."""
    confusion = confusion_matrix(graded.truth, graded.predicted, len(labels))
    means = class_means(graded.places, graded.truth)
    right, given, own = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    recall, precision, f1 = recalls(confusion), precisions(confusion), f1_scores(confusion)
    return tuple(
        ClassScore(
            label=label,
            n=int(own[place]),
            recall=recall[place],
            precision=precision[place],
            average_position=means.get(place),
            f1=f1[place],
            recall_bounds=_bounds(right[place], own[place]),
            precision_bounds=_bounds(right[place], given[place]),
            average_position_bounds=positions[place],
            f1_bounds=f1_bounds(right[place], own[place], given[place]),
        )
        for place, label in enumerate(labels)
    )


def f1_bounds(right: int, own: int, given: int) -> Bounds | None:
    """The 95 % interval of F1 from the pictures found, the class's own, and those given to it.

    F1 = 2 s / (1 + s) of the share s = TP / (TP + FP + FN), which has Wilson's interval
    (K. F. Y. Lam et al. 2023, arXiv:2309.14621, there called Wilson indirect).
    """
    bounds = _bounds(right, own + given - right)
    return (2 * bounds[0] / (1 + bounds[0]), 2 * bounds[1] / (1 + bounds[1])) if bounds else None


def _resample(graded: Graded) -> _Resampled:
    values = (np.ones_like(graded.places), graded.places, graded.right)
    return _Resampled(
        *resample([sum_groups(v, graded.groups, graded.truth, graded.classes) for v in values])
    )


def _share(hits: Ints) -> Estimate:
    low, high = wilson(int(hits.sum()), len(hits))
    return Estimate(float(hits.mean()), low, high)


def _macro_recall(graded: Graded, drawn: _Resampled) -> Estimate:
    means = class_means(graded.right, graded.truth)
    value = float(np.mean(list(means.values())))
    low, high = interval_of(np.nanmean(drawn.means(drawn.right), axis=1))
    # a bootstrap draws no mistake where none was made: Wilson's, of as many pictures as a mean of
    # such classes is worth, bounds it then
    counts = np.bincount(graded.truth)
    worth = len(means) ** 2 / float((1 / counts[counts > 0]).sum())
    floor, ceiling = wilson(value * worth, worth)
    return Estimate(value, min(low, floor), max(high, ceiling))


def _widened(value: float, bounds: Bounds, recall: float) -> Estimate:
    # who misses a picture puts its class second at best: while recall may be as low as `recall`,
    # the position may be as high as this, though no resample shows it
    return Estimate(value, min(bounds[0], value), max(bounds[1], value, 2 - recall))


def _position_bounds(graded: Graded, by_class: Floats) -> tuple[Bounds | None, ...]:
    found: list[Bounds | None] = []
    for place in range(graded.classes):
        own = graded.places[graded.truth == place]
        if len(own) == 0:
            found.append(None)
            continue
        recall = wilson(int(graded.right[graded.truth == place].sum()), len(own))[0]
        estimate = _widened(float(own.mean()), interval_of(by_class[:, place]), recall)
        found.append((estimate.low, estimate.high))
    return tuple(found)


def _bounds(right: int, of: int) -> Bounds | None:
    return wilson(int(right), int(of)) if of else None
