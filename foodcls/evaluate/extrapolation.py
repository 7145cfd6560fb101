"""Extrapolates a learning curve: what recall gains by more pictures, with an interval.

The curve is a power law, as such curves are (Viering and Loog 2023): recall(k) = level - gap *
((k / now) ** -rate - 1). Its three numbers are not fitted but weighed, all that are possible by how
well they explain what was measured (as Adriaensen et al. 2023): few pictures give wide intervals.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from foodcls.evaluate.learning_curves import Curve, Floats

# what is possible before anything is measured, on a grid: the gap to what the curve ends at is
# small rather than large, the rate about 0.7
GAPS = np.linspace(0, 0.6, 121)
RATES = np.geomspace(0.2, 3.0, 40)
PRIOR = -GAPS / 0.1 - (np.log(RATES) / 0.6)[:, None] ** 2 / 2
# of recall: how far curves stray from power laws for each e-fold of pictures. Of 0.008 to 0.02 it
# held nearest to 90 of 100 gains with half of 1,865 web photos hidden; so was the prior chosen
STRAY = 0.015
JITTER = 0.005  # of recall: by which subsets were drawn
RESAMPLES = 400
# the ends of an interval of 90 %, and its middle
QUANTILES = (0.05, 0.5, 0.95)
NODES = ndtri((np.arange(15) + 0.5) / 15)


class Gain(NamedTuple):
    """What recall gains, and the interval that holds it in 90 of 100 cases."""

    middle: float  # as likely too small as too large
    low: float
    high: float


def extrapolate(curve: Curve, now: float, then: float) -> Gain:
    """The gain in recall from learning from `then` pictures of each growing class, not `now`."""
    gaps = GAPS * (1 - (then / now) ** -RATES[:, None])
    stray = STRAY * np.sqrt(np.log(then / now)) * NODES
    # nothing is learnt beyond a recall of 1
    gains = np.minimum(gaps[..., None] + stray, 1 - curve.recalls[-1]).ravel()
    chances = np.repeat(_posterior(curve, now).ravel(), len(NODES))
    order = gains.argsort()
    sums = chances[order].cumsum()
    low, middle, high = gains[order][np.searchsorted(sums / sums[-1], QUANTILES)].tolist()
    return Gain(middle, low, high)


def _posterior(curve: Curve, now: float) -> Floats:
    """How likely each pair of `RATES` and `GAPS` is, (R, G), up to a factor."""
    recalls, away = curve.recalls, np.log(now / curve.sizes)
    # the curve strays from the power law step by step, as a random walk
    shared = (abs(away)[:, None] + abs(away) - abs(away[:, None] - away)) / 2
    noise = np.linalg.inv(_covariance(curve) + STRAY**2 * shared + JITTER**2 * np.eye(len(away)))
    mean = noise.sum(axis=0) / noise.sum()
    shapes = 1 - (curve.sizes / now) ** -RATES[:, None]  # (R, K), of gap 1 and level 0
    # the level is what fits best
    level = recalls @ mean - GAPS * (shapes @ mean)[:, None]
    misses = recalls - level[..., None] - GAPS[:, None] * shapes[:, None]
    fit = -np.einsum("rgk,kl,rgl->rg", misses, noise, misses) / 2
    # no curve ends above 1
    above = np.maximum(level + GAPS - 1, 0) / 0.02
    scores = fit + PRIOR - above**2 / 2
    chances: Floats = np.exp(scores - scores.max())
    return chances


def _covariance(curve: Curve) -> Floats:
    """Of the measured recalls, (K, K), by a bootstrap of clusters."""
    draw = np.random.default_rng(0)
    count = int(curve.groups.max()) + 1
    present = np.unique(curve.groups)
    weights = np.zeros((RESAMPLES, count))
    weights[:, present] = draw.multinomial(len(present), np.full(len(present), 1 / len(present)),
                                           size=RESAMPLES)  # fmt: skip
    each = weights[:, curve.groups] * curve.weights
    recalls = each @ curve.right.T / each.sum(axis=1, keepdims=True)
    covariance: Floats = np.cov(recalls.T)
    return covariance
