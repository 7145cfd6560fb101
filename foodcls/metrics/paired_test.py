"""Tests whether one model is better than another on the same pictures, or differs by chance."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import bdtr

from foodcls.metrics.bootstrap import Bounds, mean_bounds
from foodcls.metrics.metrics import effective_sample_size, wilson
from foodcls.metrics.ranks import Floats, Ints, ranks
from foodcls.metrics.scores import Estimate, Scores, grade, score_all

# a difference that equal models make in one of twenty tests is not significant
LEVEL = 0.05
PairVerdict = Literal["better", "worse", "mixed", "open"]
Figure = Literal["accuracy", "average_position"]
# random sign flips of a test: p-values near 0.05 then repeat to within 0.006 with another seed
FLIPS = 4_999
# flips of 100,000 groups at once take 40 MB
CHUNK = 100
# sums in another order differ in the last bits; equal ones must count as equal
EQUAL = 1e-9


@dataclass(frozen=True)
class GainPValues:
    """One-sided p-values of the gain of model B in each of two figures.

    Both are adjusted for multiple testing: where B is better in neither figure, the smaller one is
    below a level in that share of all tests.
    """

    accuracy: float
    average_position: float

    def figures(self, level: float) -> tuple[str, ...]:
        """The names of the figures in which B is significantly better at this level."""
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
    p_value: float  # McNemar's exact test of `only_a` against `only_b`, two-sided
    accuracy: Estimate  # difference
    average_position: Estimate  # difference, macro; below 0 B is better
    gain: GainPValues  # that B is better
    loss: GainPValues  # that A is better

    def winner(self, figure: Figure) -> Literal["A", "B", ""]:
        """The model that is significantly better in a figure; empty where neither is."""
        # of positions 1 is best
        gain = self.accuracy.value if figure == "accuracy" else -self.average_position.value
        if self.chance(figure) >= LEVEL or not gain:
            return ""
        return "B" if gain > 0 else "A"

    @property
    def verdict(self) -> PairVerdict:
        """Whether B is better or worse than A, by accuracy or average position.

        `mixed` where B is better in one and worse in the other, `open` where nothing is
        significant. Of twenty pairs of equal models one gets a verdict by chance.
        """
        winners = {self.winner("accuracy"), self.winner("average_position")}
        if {"A", "B"} <= winners:
            return "mixed"
        return "better" if "B" in winners else "worse" if "A" in winners else "open"

    def chance(self, figure: Figure) -> float:
        """The two-sided p-value of a figure, adjusted for there being two, see `sign_flip_test`."""
        return min(1.0, 2 * min(getattr(self.gain, figure), getattr(self.loss, figure)))


def compare_predictions(a: Floats, b: Floats, truth: Ints, groups: Ints) -> PairedTest:
    """Compare probabilities (N, C) of two models; `truth` (N,) are the classes, 0 to C - 1.

    `groups` (N,) are the numbers from `number_groups`.
    """
    graded_a, graded_b = grade(a, truth, groups), grade(b, truth, groups)
    scores_a, scores_b = score_all(graded_a), score_all(graded_b)
    right_a, right_b = graded_a.right, graded_b.right
    gains = right_b - right_a
    only_a, only_b = int((right_a > right_b).sum()), int((right_b > right_a).sum())
    position, accuracy = mean_bounds([graded_b.places - graded_a.places, gains], graded_a)
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
        accuracy=_differ(
            scores_a.accuracy, scores_b.accuracy, _widen(accuracy.micro, gains, groups)
        ),
        average_position=_differ(
            scores_a.average_position, scores_b.average_position, position.macro
        ),
        gain=sign_flip_test(a, b, truth, groups),
        loss=sign_flip_test(b, a, truth, groups),
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p-value of McNemar's test in its exact form (McNemar 1947, Psychometrika 12).

    1 where the models are right on the same pictures.
    """
    differing = only_a + only_b
    # scipy.stats has the same, and takes longer to import than all the rest
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), differing, 0.5)))


def sign_flip_test(a: Floats, b: Floats, truth: Ints, groups: Ints, seed: int = 0) -> GainPValues:
    """Test whether B beats A; probabilities are (N, C), `truth` and `groups` (N,) from 0.

    A permutation test: were B no better, swapping both models' answers for a group of look-alikes
    would change nothing, so the gains of whole groups get random signs (Fisher 1935, The Design of
    Experiments, section 21). Of single pictures and accuracy alone this is McNemar's test,
    one-sided. The adjustment for two figures is Westfall and Young's max-T (1993): each gain,
    divided by its standard deviation under flips, is compared with the larger of the two.
    """
    gains = _gains(a, b, truth, groups)
    scale = np.sqrt((gains**2).sum(axis=0))
    units = gains / np.where(scale > 0, scale, 1)
    seen, most = units.sum(axis=0), _flipped(units, seed).max(axis=1)
    beyond = (most[:, None] >= seen - EQUAL).sum(axis=0)
    # without any difference there is no gain, whatever rounding says
    shares = np.where(scale > 0, (1 + beyond) / (1 + FLIPS), 1.0)
    return GainPValues(*map(float, shares))


def _widen(bounds: Bounds, gains: Ints, groups: Ints) -> Bounds:
    """The 95 % interval of the mean of `gains`, -1 to 1: the wider ends of two methods.

    The bootstrap, which gave `bounds`, is too narrow where few answers differ. There the two shares
    that one model alone gets right have Wilson's intervals, and their difference the one made of
    these (Zou and Donner 2008, Statistics in Medicine 27:1693).
    """
    n = effective_sample_size(gains, groups)
    won, lost = float((gains > 0).mean()), float((gains < 0).mean())
    (won_low, won_high), (lost_low, lost_high) = wilson(won * n, n), wilson(lost * n, n)
    down = math.hypot(won - won_low, lost_high - lost)
    up = math.hypot(won_high - won, lost - lost_low)
    return min(bounds[0], won - lost - down), max(bounds[1], won - lost + up)


def _differ(a: Estimate, b: Estimate, bounds: Bounds) -> Estimate:
    value = b.value - a.value
    return Estimate(value, min(bounds[0], value), max(bounds[1], value))


def _gains(a: Floats, b: Floats, truth: Ints, groups: Ints) -> Floats:
    """The part of each group in the gain in accuracy and in macro average position, (G, 2)."""
    right = (b.argmax(axis=1) == truth).astype(float) - (a.argmax(axis=1) == truth)
    counts = np.bincount(truth)
    weights = 1.0 / (counts[truth] * np.count_nonzero(counts))
    places = (ranks(a, truth) - ranks(b, truth)) * weights
    sums = [np.bincount(groups, values) for values in (right, places)]
    return np.stack(sums, axis=1)


def _flipped(units: Floats, seed: int) -> Floats:
    """The sums, float64 (FLIPS, 2), of the groups' gains with random signs."""
    draw = np.random.default_rng(seed)
    parts = []
    for start in range(0, FLIPS, CHUNK):
        shape = (min(CHUNK, FLIPS - start), len(units))
        parts.append((2.0 * draw.integers(2, size=shape, dtype=np.int8) - 1.0) @ units)
    return np.concatenate(parts)
