"""Describes judged pictures for the review page: what a network sees in them, kept small."""

import numpy as np
import pandas as pd

from foodcls.evaluate.label_issues import JudgedLabels, pool_features
from foodcls.evaluate.likeness import Likeness, compress_features, pick_shares
from foodcls.features.row_cache import FeatureCache
from foodcls.recipe.train_settings import Train
from foodcls.train.dataset import encode_labels


def describe_likeness(
    judged: JudgedLabels, manifest: pd.DataFrame, settings: Train, feature_cache: FeatureCache
) -> Likeness:
    """What the network sees in judged pictures of a manifest, and in those that a person dropped.

    Of a picture of several crops the first counts. Nothing is said of the class of dropped ones.
    """
    is_dropped = (manifest["stage"] == "filter") & (manifest["parent"] == "")
    dropped = manifest[is_dropped & manifest["label"].isin(judged.labels)]
    seen = [judged.features]
    if len(dropped):
        seen.append(pool_features(dropped, settings, feature_cache))
    none = np.zeros((len(dropped), len(judged.labels)))
    shares = np.concatenate([judged.scored.mean, none])
    truth = np.concatenate([judged.truth, encode_labels(dropped, judged.labels)])
    ids = pd.concat([judged.rows["id"], dropped["id"]], ignore_index=True)
    first = np.flatnonzero(~ids.duplicated())
    rows = compress_features(np.concatenate(seen)[first])
    own, other, guess = pick_shares(shares[first], truth[first])
    return Likeness(tuple(ids.iloc[first]), rows, own, other, guess, judged.labels)
