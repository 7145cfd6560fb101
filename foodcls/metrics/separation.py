"""Measures how well a score separates known pictures from strangers, as the literature does."""

import numpy as np

from foodcls.metrics.ranks import Floats


def keeping_threshold(known: Floats, keep: float) -> float:
    """The highest score that at least the share `keep` of known (N,) reach."""
    return float(np.quantile(known, 1 - keep, method="lower"))


def accepted_share(known: Floats, strangers: Floats, keep: float) -> float:
    """The share of strangers (M,) that pass where the share `keep` of known (N,) does."""
    return float((strangers >= keeping_threshold(known, keep)).mean())


def auroc(known: Floats, strangers: Floats) -> float:
    """How often one of known (N,) scores higher than one of strangers (M,); ties count half."""
    from scipy.stats import rankdata  # takes a second, and is not always needed

    ranks = rankdata(np.concatenate([known, strangers]))[: len(known)]
    return float((ranks.mean() - (len(known) + 1) / 2) / len(strangers))
