"""Turns sums by group and class into sums over groups that are drawn again and again."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

# 2.5 % of them are 50: the ends of an interval then repeat to about a tenth of its length
RESAMPLES = 2000
# so many resamples of 100,000 groups take 80 MB
CHUNK = 100
ENDS = (2.5, 97.5)


def number_groups(clusters: Iterable[str]) -> Ints:
    """Numbers (N,) from 0 of the clusters; a picture without a cluster is a group of its own."""
    names = [name or f"row {row}" for row, name in enumerate(clusters)]
    _, numbers = np.unique(names, return_inverse=True)
    return numbers


def sum_groups(values: Floats | Ints, groups: Ints, truth: Ints, classes: int) -> csr_array:
    """The sums (G, C) of `values` (N,) by group and true class."""
    shape = (int(groups.max()) + 1, classes)
    return csr_array((values.astype(np.float64), (groups, truth)), shape=shape)


def resample(tables: Sequence[csr_array], seed: int = 0) -> list[Floats]:
    """For each table of sums (G, C), the sums (RESAMPLES, C) over G groups drawn with replacement.

    All tables see the same draws, so that what is computed of them may be compared pair by pair
    (Efron and Tibshirani 1993, chapter 8.3: what is drawn are the independent units).
    """
    draw = np.random.default_rng(seed)
    groups = tables[0].shape[0]
    drawn = (_draw_weights(draw, groups) for _ in range(0, RESAMPLES, CHUNK))
    parts = [[weights @ table for table in tables] for weights in drawn]
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def interval_of(values: Floats) -> tuple[float, float]:
    """The 95 % interval of resampled values, by percentiles; what is no number does not count."""
    low, high = np.nanpercentile(values, ENDS)
    return float(low), float(high)


def _draw_weights(draw: np.random.Generator, groups: int) -> Floats:
    """How often each group was drawn, (CHUNK, G)."""
    picks = draw.integers(groups, size=(CHUNK, groups)) + groups * np.arange(CHUNK)[:, None]
    counts = np.bincount(picks.ravel(), minlength=CHUNK * groups)
    return counts.reshape(CHUNK, groups).astype(np.float64)
