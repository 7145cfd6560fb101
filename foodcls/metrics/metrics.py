"""Confusion matrix, Wilson's interval of a share, and how many pictures a test is worth."""

import math

import numpy as np
from scipy.special import stdtrit

from foodcls.metrics.ranks import Floats, Ints


def wilson(successes: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share, 95 % at the default `z` (Wilson 1927, JASA 22:209).

    Counts need not be whole, as an effective sample size is not.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} successes of {n} trials: needs 0 <= successes <= n, n > 0")
    share, spread = successes / n, z * z / n
    middle = share + spread / 2
    reach = z * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    # at the ends rounding could leave the share itself outside
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def effective_sample_size(values: Floats | Ints, groups: Ints) -> float:
    """The number of independent pictures, 1 to N, that would tell the mean of `values` as well.

    Pictures with the same number in `groups` (N,) are correlated, so they count for less; and few
    groups count less again (Korn and Graubard 1998, Survey Methodology 24:193). Where all values
    are equal, nothing shows how correlated groups are: each then counts as one picture.
    """
    _, numbers = np.unique(groups, return_inverse=True)
    n, count = len(values), int(numbers.max()) + 1
    residuals = values - values.mean()
    alone = float((residuals**2).sum())
    if count in (1, n) or alone == 0:
        return float(count)
    together = float((np.bincount(numbers, residuals) ** 2).sum())
    # with few groups the variance itself is uncertain, which widens intervals: Student's t
    few = (stdtrit(n - 1, 0.975) / stdtrit(count - 1, 0.975)) ** 2
    factor = few * alone * n / (n - 1) / max(together * count / (count - 1), alone)
    return float(np.clip(n * factor, 1, n))


def confusion_matrix(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Counts, int64 (C, C), of classes (N,): a row a true class, a column a predicted one."""
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)
