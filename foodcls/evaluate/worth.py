"""Forecasts what more pictures of each class would be worth."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from foodcls.errors import TrainingError
from foodcls.evaluate.enough import LEAST, few_classes, worth_rows
from foodcls.evaluate.extrapolation import extrapolate
from foodcls.evaluate.label_issues import pool_features
from foodcls.evaluate.learning_curves import label_pictures, measure_curve
from foodcls.evaluate.quotas import Worth
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import cluster_names
from foodcls.progress import Track, silent
from foodcls.recipe.train_settings import Train
from foodcls.train.dataset import encode_labels


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
