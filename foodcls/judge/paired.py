"""Tells by chance or not: two models' answers on the same pictures, compared pair by pair."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from foodcls.judge.bootstrap import interval_of, resample, sum_groups
from foodcls.judge.metrics import Floats, Ints
from foodcls.judge.scores import Estimate, Graded, Scores, grade, score_all

# a difference that chance alone makes in one of twenty tests is not shown
LEVEL = 0.05


@dataclass(frozen=True)
class PairedTest:
    """Two models, A and B, on the same pictures; differences are B less A."""

    n: int
    groups: int  # of pictures that look alike; the bootstrap draws whole groups
    a: Scores
    b: Scores
    both: int  # pictures that both get right
    only_a: int  # that A alone gets right
    only_b: int
    neither: int
    p_value: float  # McNemar's exact test, two-sided: could `only_a` and `only_b` be chance?
    accuracy: Estimate  # difference
    average_position: Estimate  # difference, macro; below 0 B is better

    @property
    def is_more_accurate(self) -> bool:
        """Whether B's accuracy is shown to be higher."""
        return self.p_value < LEVEL and self.only_b > self.only_a

    @property
    def is_less_accurate(self) -> bool:
        """Whether B's accuracy is shown to be lower."""
        return self.p_value < LEVEL and self.only_b < self.only_a


def compare_answers(a: Floats, b: Floats, truth: Ints, groups: Ints) -> PairedTest:
    """Compare probabilities (N, C) for the same pictures, the true classes (N,) 0 to C - 1.

    `groups` (N,) numbers the groups of pictures that look alike, see `number_groups`.
    """
    graded_a, graded_b = grade(a, truth, groups), grade(b, truth, groups)
    scores_a, scores_b = score_all(graded_a)[0], score_all(graded_b)[0]
    right_a, right_b = graded_a.right, graded_b.right
    only_a, only_b = int((right_a > right_b).sum()), int((right_b > right_a).sum())
    accuracy, position = _differences(graded_a, graded_b)
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
        accuracy=_estimate(scores_a.accuracy, scores_b.accuracy, accuracy),
        average_position=_estimate(scores_a.average_position, scores_b.average_position, position),
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p-value of McNemar's test in its exact form (McNemar 1947, Psychometrika 12).

    1 where the models are right on the same pictures.
    """
    differing = only_a + only_b
    return float(binomtest(only_a, differing).pvalue) if differing else 1.0


def _differences(a: Graded, b: Graded) -> tuple[tuple[float, float], tuple[float, float]]:
    """The intervals of the differences in accuracy and in average position."""
    values = np.ones_like(a.truth), b.right - a.right, b.places - a.places
    tables = [sum_groups(value, a.groups, a.truth, a.classes) for value in values]
    counts, right, places = resample(tables)
    with np.errstate(invalid="ignore"):
        position = np.nanmean(places / counts, axis=1)
    return interval_of(right.sum(axis=1) / counts.sum(axis=1)), interval_of(position)


def _estimate(a: Estimate, b: Estimate, bounds: tuple[float, float]) -> Estimate:
    value = b.value - a.value
    return Estimate(value, min(bounds[0], value), max(bounds[1], value))
