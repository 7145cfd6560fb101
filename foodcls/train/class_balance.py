"""Evens out classes of unequal size: by weights in the loss, or by oversampling the small ones."""

import numpy as np

from foodcls.metrics.ranks import Ints
from foodcls.network.seeds import derive_seed


def class_weights(targets: Ints, classes: int) -> np.ndarray:
    """float32 (C,) for targets int64 (N,): all classes weigh alike, the mean over examples is 1."""
    counts = np.bincount(targets, minlength=classes)
    return (len(targets) / (classes * np.maximum(counts, 1))).astype(np.float32)


def balanced_indices(targets: Ints, seed: int, epoch: int) -> Ints:
    """Oversampling: int64 indices in a random order, as many of each class as the largest has.

    `targets` are int64 (N,). Within a class each example is drawn as often as any other, or once
    more.
    """
    draw = np.random.default_rng(derive_seed("balance", seed, epoch))
    most = int(np.bincount(targets).max())
    drawn = [
        np.resize(draw.permutation(np.flatnonzero(targets == one)), most)
        for one in np.unique(targets)
    ]
    order: Ints = draw.permutation(np.concatenate(drawn))
    return order
