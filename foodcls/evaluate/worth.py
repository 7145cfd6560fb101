"""Forecasts what more pictures of each class would be worth, by its learning curve.

The curve is a power law, as such curves are (Viering and Loog 2023): recall(k) = level - gap *
((k / now) ** -rate - 1). Its three numbers are not fitted but weighed, all that are possible by how
well they explain what was measured (as Adriaensen et al. 2023): few pictures give wide intervals.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from foodcls.errors import TrainingError
from foodcls.evaluate.enough import LEAST, few_classes, worth_rows
from foodcls.evaluate.label_issues import pool_features
from foodcls.evaluate.learning_curves import Curve, Floats, label_pictures, measure_curve
from foodcls.evaluate.quotas import Worth
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import cluster_names
from foodcls.progress import Track, silent
from foodcls.recipe.train_settings import Train
from foodcls.train.dataset import encode_labels

# what is possible before anything is measured, on a grid: the gap to what the curve ends at is
# small rather than large, the rate about 0.7
GAPS = np.linspace(0, 0.6, 121)
RATES = np.geomspace(0.2, 3.0, 40)
PRIOR = -GAPS / 0.1 - (np.log(RATES) / 0.6)[:, None] ** 2 / 2
# of recall: how far curves stray from power laws for each e-fold of pictures, with one picture; the
# more there are, the less each counts. Of 0.04 to 0.09 it held nearest to 90 of 100 gains with half
# of 1,865 web photos and of 432 of groceries hidden
STRAY = 0.06
SURE = 1.64  # standard errors of a recall; the true one is above its bound in 5 of 100 cases
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
    stray = STRAY * np.sqrt(np.log(then / now) / now) * NODES
    # nothing is learnt beyond a recall of 1, of which the true one may lack more than the measured
    most = 1 - curve.recalls[-1] + SURE * _recall_error(curve)
    gains = np.minimum(gaps[..., None] + stray, most).ravel()
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
    stray = STRAY**2 / now * shared
    noise = np.linalg.inv(_covariance(curve) + stray + JITTER**2 * np.eye(len(away)))
    mean = noise.sum(axis=0) / noise.sum()
    shapes = 1 - (curve.sizes / now) ** -RATES[:, None]  # (R, K), of gap 1 and level 0
    # the level is what fits best
    level = recalls @ mean - GAPS * (shapes @ mean)[:, None]
    misses = recalls - level[..., None] - GAPS[:, None] * shapes[:, None]
    fit = -np.einsum("rgk,kl,rgl->rg", misses, noise, misses) / 2
    # no curve ends above 1
    above = np.maximum(level + GAPS - 1, 0) / np.hypot(0.02, _recall_error(curve))
    scores = fit + PRIOR - above**2 / 2
    chances: Floats = np.exp(scores - scores.max())
    return chances


def _recall_error(curve: Curve) -> float:
    """The standard error of the last recall; not 0 where all of few clusters are right."""
    count = len(np.unique(curve.groups))
    # as if one more were right and one more wrong
    recall = (curve.recalls[-1] * count + 1) / (count + 2)
    return float(np.sqrt(recall * (1 - recall) / count))


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


def forecast_worth(
    manifest: pd.DataFrame,
    labels: Sequence[str],
    settings: Train,
    feature_cache: FeatureCache,
    more: int,
    track: Track = silent,
) -> list[Worth]:
    """Each class, that of the largest gain first, then all classes together.

    Heads on frozen features learn from more and more of the training and validation pictures, and
    the curves are extrapolated; test pictures are not looked at. TrainingError when a class has
    too few pictures.
    """
    rows = worth_rows(manifest)
    clusters = cluster_names(rows)
    if few := few_classes(manifest, labels):
        raise TrainingError(
            f"fewer than {LEAST} pictures of {', '.join(few)} to learn from and validate by, too "
            "few for a forecast: more of these come first"
        )
    truth = encode_labels(rows, labels)
    features = pool_features(rows, settings, feature_cache)
    pictures = label_pictures(features, truth, clusters.to_numpy(dtype=object))
    learnt = np.bincount(truth[rows["split"] == "train"], minlength=len(labels))
    every = tuple(range(len(labels)))
    growing = [("", every), *((label, (place,)) for place, label in enumerate(labels))]
    found = []
    for label, grown in track(growing, len(growing), "learning curves"):
        curve, now = measure_curve(pictures, grown), float(learnt[list(grown)].mean())
        gain = extrapolate(curve, now, now + more)
        recall = float(curve.recalls[-1])
        found.append(Worth(label, round(now), recall, more, gain.middle, gain.low, gain.high))
    return sorted(found, key=lambda one: (not one.label, -one.gain))
