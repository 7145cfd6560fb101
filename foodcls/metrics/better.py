"""Tells at one stated risk whether model B beats model A on the same pictures, in either figure."""

from dataclasses import dataclass

import numpy as np

from foodcls.metrics.ranks import Floats, Ints, ranks

# of chance's ways to hand out the differences so many are tried: p-values near 0.05 then repeat
# to within 0.006 with another seed
FLIPS = 4_999
# flips of 100,000 groups at once take 40 MB
CHUNK = 100
# sums in another order differ in the last bits; equal ones must count as equal
EQUAL = 1e-9


@dataclass(frozen=True)
class Better:
    """How likely chance alone, in a model that is no better, shows as much of a gain.

    Both p-values are adjusted for there being two figures: a model that is better in neither has
    one of them below a level in that share of all tests.
    """

    accuracy: float
    average_position: float

    def figures(self, level: float) -> tuple[str, ...]:
        """The names of the figures in which B is shown to be better."""
        return tuple(name for name, p in vars(self).items() if p < level)


def weigh_gains(a: Floats, b: Floats, truth: Ints, groups: Ints, seed: int = 0) -> Better:
    """Compare probabilities (N, C) for the same pictures, `truth` and `groups` (N,) from 0.

    A sign-flip test: were B no better, each group of look-alikes might as well have been answered
    the other way round, so the gains of whole groups get random signs again and again (Fisher
    1935, The Design of Experiments, section 21). Of single pictures and accuracy alone this is
    McNemar's test, one-sided. The adjustment is Westfall and Young's (1993): each gain, in units
    of what signs make of it, is held against the larger of the two under the same signs.
    """
    gains = _gains(a, b, truth, groups)
    scale = np.sqrt((gains**2).sum(axis=0))
    units = gains / np.where(scale > 0, scale, 1)
    seen, most = units.sum(axis=0), _flipped(units, seed).max(axis=1)
    beyond = (most[:, None] >= seen - EQUAL).sum(axis=0)
    # without any difference there is no gain, whatever rounding says
    shares = np.where(scale > 0, (1 + beyond) / (1 + FLIPS), 1.0)
    return Better(*map(float, shares))


def _gains(a: Floats, b: Floats, truth: Ints, groups: Ints) -> Floats:
    """What each group adds to the gain in accuracy and in average position (macro), (G, 2)."""
    right = (b.argmax(axis=1) == truth).astype(float) - (a.argmax(axis=1) == truth)
    counts = np.bincount(truth)
    weights = 1.0 / (counts[truth] * np.count_nonzero(counts))
    places = (ranks(a, truth) - ranks(b, truth)) * weights
    sums = [np.bincount(groups, values) for values in (right, places)]
    return np.stack(sums, axis=1)


def _flipped(units: Floats, seed: int) -> Floats:
    """The sums (FLIPS, 2) of the groups' gains with random signs."""
    draw = np.random.default_rng(seed)
    parts = []
    for start in range(0, FLIPS, CHUNK):
        shape = (min(CHUNK, FLIPS - start), len(units))
        parts.append((2.0 * draw.integers(2, size=shape, dtype=np.int8) - 1.0) @ units)
    return np.concatenate(parts)
