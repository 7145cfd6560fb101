"""Makes up for classes of unequal size, by weights of the loss or by how often each is drawn."""

import numpy as np

from foodcls.metrics.ranks import Ints
from foodcls.network.seeds import derive_seed


def class_weights(targets: Ints, classes: int) -> np.ndarray:
    """float32 (C,): each class weighs as much in all; the mean over the examples is 1."""
    counts = np.bincount(targets, minlength=classes)
    return (len(targets) / (classes * np.maximum(counts, 1))).astype(np.float32)


def balanced_places(targets: Ints, seed: int, epoch: int) -> Ints:
    """Places in a random order, as many of each class as the largest has.

    Of a class each place is drawn as often as any other, or once more.
    """
    draw = np.random.default_rng(derive_seed("balance", seed, epoch))
    most = int(np.bincount(targets).max())
    drawn = [
        np.resize(draw.permutation(np.flatnonzero(targets == one)), most)
        for one in np.unique(targets)
    ]
    order: Ints = draw.permutation(np.concatenate(drawn))
    return order
