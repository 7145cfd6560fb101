"""Accuracy, top-k accuracy, macro recall and average position, each with a 95 % interval."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from foodcls.metrics.bootstrap import Bounds, MeanBounds, Sample, mean_bounds
from foodcls.metrics.metrics import effective_sample_size, wilson
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

    Shares of pictures have Wilson's interval, which takes pictures as independent; means over
    classes, and positions, have one from a bootstrap that draws whole groups of pictures.
    """

    accuracy: Estimate
    accuracy_by_group: Estimate  # the same, with Wilson's interval of the effective sample size
    top3: Estimate
    top5: Estimate
    macro_recall: Estimate  # the mean of the classes' recalls
    average_position: Estimate  # macro: the mean of the classes' mean ranks, 1 is best
    average_position_micro: Estimate  # the mean rank of all pictures


@dataclass(frozen=True)
class Graded(Sample):
    """The prediction for each of N pictures beside its true class; arrays are int64 (N,)."""

    places: Ints  # of the true label, 1 is best
    predicted: Ints

    @property
    def right(self) -> Ints:
        """int64 (N,): 1 where the most probable class is the true one, else 0."""
        return (self.predicted == self.truth).astype(int)

    @cached_property
    def bounds(self) -> tuple[MeanBounds, MeanBounds]:
        """Intervals of the means of `places` and of `right`."""
        places, right = mean_bounds([self.places, self.right], self)
        return places, right

    @cached_property
    def macro_recall(self) -> Estimate:
        """The mean of the classes' recalls."""
        means = class_means(self.right, self.truth)
        value = float(np.mean(list(means.values())))
        # a bootstrap draws no mistake where none was made: Wilson's interval, of the effective
        # sample size of the classes' mean, bounds it then
        parts = [1 / effective_sample_size(*self._own(place)) for place in means]
        n = len(means) ** 2 / sum(parts)
        floor, ceiling = wilson(value * n, n)
        low, high = self.bounds[1].macro
        return Estimate(value, min(low, floor), max(high, ceiling))

    @cached_property
    def positions(self) -> MeanBounds:
        """Intervals of the mean rank: of all pictures, of the classes' means, and of each class."""
        found, _ = self.bounds
        by_class = [
            _raise(bounds, share_by_group(*self._own(place)).low) if bounds else None
            for place, bounds in enumerate(found.by_class)
        ]
        return MeanBounds(
            micro=_raise(found.micro, share_by_group(self.right, self.groups).low),
            macro=_raise(found.macro, self.macro_recall.low),
            by_class=tuple(by_class),
        )

    def _own(self, place: int) -> tuple[Ints, Ints]:
        """For a class's pictures (n,): 1 where it was right, and the group numbers."""
        own = self.truth == place
        return self.right[own], self.groups[own]


def grade(probabilities: Floats, truth: Ints, groups: Ints) -> Graded:
    """The ranks and predicted classes of probabilities (N, C); `truth` (N,) is 0 to C - 1.

    `groups` (N,) are the numbers from `number_groups`.
    """
    return Graded(
        truth=truth,
        groups=groups,
        classes=probabilities.shape[1],
        places=ranks(probabilities, truth),
        predicted=probabilities.argmax(axis=1),
    )


def score_all(graded: Graded) -> Scores:
    """The figures of all pictures."""
    places, positions = graded.places, graded.positions
    return Scores(
        accuracy=share_of(graded.right),
        accuracy_by_group=share_by_group(graded.right, graded.groups),
        top3=share_of((places <= 3).astype(int)),
        top5=share_of((places <= 5).astype(int)),
        macro_recall=graded.macro_recall,
        average_position=_hold(average_position(places, graded.truth), positions.macro),
        average_position_micro=_hold(float(places.mean()), positions.micro),
    )


def share_of(hits: Ints) -> Estimate:
    """The share of ones among `hits` (N,), with Wilson's interval."""
    low, high = wilson(int(hits.sum()), len(hits))
    return Estimate(float(hits.mean()), low, high)


def _raise(bounds: Bounds, recall: float) -> Bounds:
    # a missed picture has rank 2 or more: while recall may be as low as `recall`, the mean rank may
    # be as high as this, though no resample shows it
    return bounds[0], max(bounds[1], 2 - recall)


def share_by_group(hits: Ints, groups: Ints) -> Estimate:
    """The share of ones among `hits` (N,), with Wilson's interval at the effective sample size."""
    share, n = float(hits.mean()), effective_sample_size(hits, groups)
    low, high = wilson(share * n, n)
    return Estimate(share, low, high)


def _hold(value: float, bounds: Bounds) -> Estimate:
    return Estimate(value, min(bounds[0], value), max(bounds[1], value))
