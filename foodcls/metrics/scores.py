"""Turns ranks, true classes and groups into the figures that models are compared by."""

from dataclasses import dataclass

import numpy as np

from foodcls.metrics.bootstrap import Bounds, MeanBounds, Sample, mean_bounds
from foodcls.metrics.metrics import wilson, worth
from foodcls.metrics.ranks import Floats, Ints, average_position, class_means, ranks


@dataclass(frozen=True)
class Estimate:
    """A figure and the interval that holds the true one in 95 of 100 such tests."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """The figures that models are compared by.

    Shares of pictures have Wilson's interval, as of pictures that have nothing in common; means
    over classes, and positions, have one from a bootstrap that draws whole groups of pictures.
    """

    accuracy: Estimate
    accuracy_by_group: Estimate  # the same, with Wilson's interval of what the groups are worth
    top3: Estimate
    top5: Estimate
    macro_recall: Estimate  # the mean of the classes' recalls
    average_position: Estimate  # macro: the mean of the classes' mean ranks, 1 is best
    average_position_micro: Estimate  # the mean rank of all pictures


@dataclass(frozen=True)
class Graded(Sample):
    """How each of N pictures was answered; arrays are (N,)."""

    places: Ints  # of the true label, 1 is best
    predicted: Ints

    @property
    def right(self) -> Ints:
        """1 where the likeliest class is the true one, else 0."""
        return (self.predicted == self.truth).astype(int)


def grade(probabilities: Floats, truth: Ints, groups: Ints) -> Graded:
    """Grade probabilities (N, C) by the true classes (N,) from 0 to C - 1."""
    return Graded(
        truth=truth,
        groups=groups,
        classes=probabilities.shape[1],
        places=ranks(probabilities, truth),
        predicted=probabilities.argmax(axis=1),
    )


def score_all(graded: Graded, positions: MeanBounds) -> Scores:
    """The figures of all pictures; `positions` are from `position_bounds`."""
    places = graded.places
    return Scores(
        accuracy=share_of(graded.right),
        accuracy_by_group=_share_by_group(graded.right, graded.groups),
        top3=share_of((places <= 3).astype(int)),
        top5=share_of((places <= 5).astype(int)),
        macro_recall=_macro_recall(graded),
        average_position=_hold(average_position(places, graded.truth), positions.macro),
        average_position_micro=_hold(float(places.mean()), positions.micro),
    )


def share_of(hits: Ints) -> Estimate:
    """The share of ones among `hits` (N,), with Wilson's interval."""
    low, high = wilson(int(hits.sum()), len(hits))
    return Estimate(float(hits.mean()), low, high)


def position_bounds(graded: Graded) -> MeanBounds:
    """Intervals of the mean rank: of all pictures, of the classes' means, and of each class."""
    found = mean_bounds(graded.places, graded)
    by_class = [
        _raise(bounds, _share_by_group(*_own(graded, place)).low) if bounds else None
        for place, bounds in enumerate(found.by_class)
    ]
    return MeanBounds(
        micro=_raise(found.micro, _share_by_group(graded.right, graded.groups).low),
        macro=_raise(found.macro, _macro_recall(graded).low),
        by_class=tuple(by_class),
    )


def _raise(bounds: Bounds, recall: float) -> Bounds:
    # who misses a picture puts its class second at best: while recall may be as low as `recall`,
    # the position may be as high as this, though no resample shows it
    return bounds[0], max(bounds[1], 2 - recall)


def _macro_recall(graded: Graded) -> Estimate:
    means = class_means(graded.right, graded.truth)
    value = float(np.mean(list(means.values())))
    # a bootstrap draws no mistake where none was made: Wilson's, of as many pictures as a mean of
    # such classes is worth, bounds it then
    parts = [1 / worth(*_own(graded, place)) for place in means]
    n = len(means) ** 2 / sum(parts)
    floor, ceiling = wilson(value * n, n)
    low, high = mean_bounds(graded.right, graded).macro
    return Estimate(value, min(low, floor), max(high, ceiling))


def _share_by_group(hits: Ints, groups: Ints) -> Estimate:
    share, n = float(hits.mean()), worth(hits, groups)
    low, high = wilson(share * n, n)
    return Estimate(share, low, high)


def _own(graded: Graded, place: int) -> tuple[Ints, Ints]:
    """What was right of a class's pictures, and their groups."""
    own = graded.truth == place
    return graded.right[own], graded.groups[own]


def _hold(value: float, bounds: Bounds) -> Estimate:
    return Estimate(value, min(bounds[0], value), max(bounds[1], value))
