"""Turns probabilities and true classes into figures; knows nothing of networks and pictures."""

import math

import numpy as np
from scipy.stats import t

from foodcls.metrics.ranks import Floats, Ints


def wilson(successes: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share, 95 % at the default `z` (Wilson 1927, JASA 22:209).

    Counts need not be whole: a mean of several shares may be worth as many trials as it likes.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} successes of {n} trials: needs 0 <= successes <= n, n > 0")
    share, spread = successes / n, z * z / n
    middle = share + spread / 2
    reach = z * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    # at the ends rounding could leave the share itself outside
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def worth(values: Floats | Ints, groups: Ints) -> float:
    """As how many independent pictures the mean of `values` (N,) is known by, 1 to N.

    `groups` (N,) numbers pictures that belong together. What a group has in common counts once,
    and few groups count less (Korn and Graubard 1998, Survey Methodology 24:193). Where all values
    are the same, nothing shows how alike groups are: each counts as one.
    """
    _, numbers = np.unique(groups, return_inverse=True)
    n, count = len(values), int(numbers.max()) + 1
    residuals = values - values.mean()
    alone = float((residuals**2).sum())
    if count in (1, n) or alone == 0:
        return float(count)
    together = float((np.bincount(numbers, residuals) ** 2).sum())
    # of two means that vary as much, the one of few groups is known less: Student's t
    few = (t.ppf(0.975, n - 1) / t.ppf(0.975, count - 1)) ** 2
    factor = few * alone * n / (n - 1) / max(together * count / (count - 1), alone)
    return float(np.clip(n * factor, 1, n))


def confusion_matrix(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Counts (C, C): a row for each true class, a column for each predicted one."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def recalls(confusion: Ints) -> list[float | None]:
    """Of each class's own pictures, the share found; None for a class without pictures."""
    return _shares(np.diag(confusion), confusion.sum(axis=1))


def precisions(confusion: Ints) -> list[float | None]:
    """Of all pictures given to a class, the share that is right; None where none was given."""
    return _shares(np.diag(confusion), confusion.sum(axis=0))


def f1_scores(confusion: Ints) -> list[float | None]:
    """The harmonic mean of precision and recall; None for a class that neither is nor was called.

    A class with pictures of which none was found, or called where it never is, has 0.
    """
    return _shares(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def _shares(right: Ints, of: Ints) -> list[float | None]:
    return [int(r) / int(n) if n else None for r, n in zip(right, of, strict=True)]
