"""Tells by chance or not: two models' answers on the same pictures, compared pair by pair."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import binomtest

from foodcls.metrics.bootstrap import Bounds, mean_bounds
from foodcls.metrics.metrics import wilson, worth
from foodcls.metrics.ranks import Floats, Ints, ranks
from foodcls.metrics.scores import Estimate, Graded, Scores, grade, position_bounds, score_all

# a difference that chance alone makes in one of twenty tests is not shown
LEVEL = 0.05
Verdict = Literal["better", "worse", "mixed", "open"]
Figure = Literal["accuracy", "average_position"]
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


@dataclass(frozen=True)
class PairedTest:
    """Two models, A and B, on the same pictures; differences are B less A, with 95 % intervals."""

    n: int
    groups: int  # of pictures that belong together; the bootstrap draws whole groups
    a: Scores
    b: Scores
    both: int  # pictures that both get right
    only_a: int  # that A alone gets right
    only_b: int
    neither: int
    p_value: float  # McNemar's exact test, two-sided: could `only_a` and `only_b` be chance?
    accuracy: Estimate  # difference
    average_position: Estimate  # difference, macro; below 0 B is better
    gain: Better  # how likely chance shows as much for B
    loss: Better  # and how likely for A

    @property
    def is_more_accurate(self) -> bool:
        """Whether B's accuracy is shown to be higher."""
        return self._shows("accuracy") and self.accuracy.value > 0

    @property
    def is_less_accurate(self) -> bool:
        """Whether B's accuracy is shown to be lower."""
        return self._shows("accuracy") and self.accuracy.value < 0

    @property
    def ranks_better(self) -> bool:
        """Whether B's average position is shown to be better."""
        return self._shows("average_position") and self.average_position.value < 0

    @property
    def ranks_worse(self) -> bool:
        """Whether B's average position is shown to be worse."""
        return self._shows("average_position") and self.average_position.value > 0

    @property
    def verdict(self) -> Verdict:
        """Whether B is better or worse than A, by accuracy or average position.

        `mixed` where one speaks for B and the other for A, `open` where neither shows anything. Of
        twenty pairs of equal models one is told apart by chance.
        """
        better = self.is_more_accurate or self.ranks_better
        worse = self.is_less_accurate or self.ranks_worse
        if better and worse:
            return "mixed"
        return "better" if better else "worse" if worse else "open"

    def chance(self, figure: Figure) -> float:
        """How likely equal models differ as much in this figure or the other, either way.

        Whole groups count once, as in `weigh_gains`.
        """
        return min(1.0, 2 * min(getattr(self.gain, figure), getattr(self.loss, figure)))

    def _shows(self, figure: Figure) -> bool:
        return self.chance(figure) < LEVEL


def compare_answers(a: Floats, b: Floats, truth: Ints, groups: Ints) -> PairedTest:
    """Compare probabilities (N, C) for the same pictures, the true classes (N,) 0 to C - 1.

    `groups` (N,) numbers what belongs together, see `number_groups`.
    """
    graded_a, graded_b = grade(a, truth, groups), grade(b, truth, groups)
    scores_a, scores_b = (score_all(one, position_bounds(one)) for one in (graded_a, graded_b))
    right_a, right_b = graded_a.right, graded_b.right
    only_a, only_b = int((right_a > right_b).sum()), int((right_b > right_a).sum())
    position = mean_bounds(graded_b.places - graded_a.places, graded_a).macro
    return PairedTest(
        n=len(truth),
        groups=int(groups.max()) + 1,
        a=scores_a,
        b=scores_b,
        both=int((right_a & right_b).sum()),
        only_a=only_a,
        only_b=only_b,
        neither=int((right_a + right_b == 0).sum()),
        p_value=mcnemar(only_a, only_b),
        accuracy=_differ(scores_a.accuracy, scores_b.accuracy, _gain_bounds(graded_a, graded_b)),
        average_position=_differ(scores_a.average_position, scores_b.average_position, position),
        gain=weigh_gains(a, b, truth, groups),
        loss=weigh_gains(b, a, truth, groups),
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p-value of McNemar's test in its exact form (McNemar 1947, Psychometrika 12).

    1 where the models are right on the same pictures.
    """
    differing = only_a + only_b
    return float(binomtest(only_a, differing).pvalue) if differing else 1.0


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


def _gain_bounds(a: Graded, b: Graded) -> Bounds:
    """By the bootstrap; and where few answers differ, as it draws too few of those, by Wilson's.

    The shares that one alone gets right have Wilson's intervals, and their difference the one made
    of these (Zou and Donner 2008, Statistics in Medicine 27:1693).
    """
    gains = b.right - a.right
    low, high = mean_bounds(gains, a).micro
    n = worth(gains, a.groups)
    won, lost = float((gains > 0).mean()), float((gains < 0).mean())
    (won_low, won_high), (lost_low, lost_high) = wilson(won * n, n), wilson(lost * n, n)
    down = math.hypot(won - won_low, lost_high - lost)
    up = math.hypot(won_high - won, lost - lost_low)
    return min(low, won - lost - down), max(high, won - lost + up)


def _differ(a: Estimate, b: Estimate, bounds: Bounds) -> Estimate:
    value = b.value - a.value
    return Estimate(value, min(bounds[0], value), max(bounds[1], value))


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
