"""Confidence intervals of means, by a bootstrap that resamples whole groups of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from foodcls.metrics.ranks import Floats, Ints

Bounds = tuple[float, float]

# 2.5 % of them are 50: the ends of an interval then repeat to about a tenth of its length
RESAMPLES = 2000
# so many resamples of 100,000 groups take 80 MB
CHUNK = 100


@dataclass(frozen=True)
class Sample:
    """N test pictures in groups of look-alikes, which count as one draw; arrays are int64 (N,)."""

    truth: Ints  # classes, from 0
    groups: Ints  # numbers from 0 without gaps, see `ranks.number_groups`
    classes: int

    @property
    def counts(self) -> Ints:
        """The number of pictures of each class, (C,)."""
        return np.bincount(self.truth, minlength=self.classes)


@dataclass(frozen=True)
class MeanBounds:
    """Intervals of the mean of a value, each of 95 %."""

    micro: Bounds  # of all pictures
    macro: Bounds  # of the classes' means
    by_class: tuple[Bounds | None, ...]  # of each class; None for one without pictures


def mean_bounds(several: Sequence[Floats | Ints], sample: Sample) -> list[MeanBounds]:
    """95 % intervals of the means of several values, each (N,), by resamples that are drawn once.

    Groups are resampled, as the independent units (Efron and Tibshirani 1993, chapter 8.3).
    """
    counts, *sums = _resample(several, sample)
    return [
        _bound_mean(values, drawn, counts, sample)
        for values, drawn in zip(several, sums, strict=True)
    ]


def _bound_mean(values: Floats | Ints, sums: Floats, counts: Floats, sample: Sample) -> MeanBounds:
    truth, present = sample.truth, np.maximum(sample.counts, 1)
    # no number where a resample has no picture of a class
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    residuals = values - (np.bincount(truth, values, sample.classes) / present)[truth]
    by_class = []
    for place in range(sample.classes):
        own = truth == place
        pulls = _pulls(residuals[own], sample.groups[own])
        by_class.append(_interval(means[:, place], pulls) if own.any() else None)
    micro, macro = sums.sum(axis=1) / counts.sum(axis=1), np.nanmean(means, axis=1)
    return MeanBounds(
        micro=_interval(micro, _pulls(values - values.mean(), sample.groups)),
        macro=_interval(macro, _pulls(residuals / present[truth], sample.groups)),
        by_class=tuple(by_class),
    )


def _resample(several: Sequence[Floats | Ints], sample: Sample) -> list[Floats]:
    """Counts and sums of each values by class, (RESAMPLES, C), of groups drawn with replacement."""
    from scipy.sparse import csr_array  # not imported where figures are only shown

    draw = np.random.default_rng(0)
    groups = int(sample.groups.max()) + 1
    places, shape = (sample.groups, sample.truth), (groups, sample.classes)
    tables = [
        csr_array((values.astype(np.float64), places), shape=shape)
        for values in (np.ones(len(sample.truth)), *several)
    ]
    drawn = (_draw_weights(draw, groups) for _ in range(0, RESAMPLES, CHUNK))
    parts = [[weights @ table for table in tables] for weights in drawn]
    return [np.concatenate(of_one) for of_one in zip(*parts, strict=True)]


def _draw_weights(draw: np.random.Generator, groups: int) -> Floats:
    """How often each group was drawn, float64 (CHUNK, G)."""
    picks = draw.integers(groups, size=(CHUNK, groups)) + groups * np.arange(CHUNK)[:, None]
    counts = np.bincount(picks.ravel(), minlength=CHUNK * groups)
    return counts.reshape(CHUNK, groups).astype(np.float64)


def _pulls(residuals: Floats, groups: Ints) -> Floats:
    """The sum of each group's residuals, (G,): its influence on the mean, up to a factor."""
    return np.bincount(groups, residuals).astype(np.float64)[np.unique(groups)]


def _interval(drawn: Floats, pulls: Floats) -> Bounds:
    """The 95 % interval of resampled figures.

    Its ends lie further out where groups are few (as Student's t does; Hesterberg 2015, The
    American Statistician 69:371), and on the side of the long tail (Efron 1987, JASA 82:171):
    plain percentiles hold a class's true position in 88 of 100 tests of 8 pictures, these in 93.
    """
    spread = float((pulls**2).sum())
    skew = float((pulls**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    reach = stdtrit(max(len(pulls) - 1, 1), 0.975)
    ends = np.array([-reach, reach])
    places = ndtr(ends / np.maximum(1 - skew * ends, 1e-9))
    low, high = np.nanquantile(drawn, places)
    return float(low), float(high)
