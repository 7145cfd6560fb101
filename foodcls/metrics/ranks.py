"""The true label's rank among all classes, and the types of arrays of figures."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def ranks(probabilities: Floats, truth: Ints) -> Ints:
    """The true label's rank among all classes, int64 (N,), 1 is best; ties count against the model.

    `probabilities` is (N, C), `truth` (N,) of 0 to C - 1. A constant model gets C everywhere.
    """
    if probabilities.ndim != 2 or len(probabilities) != len(truth) or len(truth) == 0:
        raise ValueError(
            f"needs N > 0 rows of probabilities and as many true classes, found "
            f"{probabilities.shape} and {truth.shape}"
        )
    if not np.isfinite(probabilities).all():
        raise ValueError("some probabilities are no numbers; the model is broken")
    own = probabilities[np.arange(len(truth)), truth]
    places: Ints = (probabilities >= own[:, None]).sum(axis=1)
    return places


def average_position(places: Ints, truth: Ints) -> float:
    """The macro mean of ranks `places` (N,): of the mean rank of each class in `truth` (N,)."""
    means = class_means(places, truth)
    return float(np.mean(list(means.values())))


def class_means(values: Floats | Ints, truth: Ints) -> dict[int, float]:
    """The mean of `values` (N,) for each class that `truth` (N,) holds, by class."""
    return {int(label): float(values[truth == label].mean()) for label in np.unique(truth)}
