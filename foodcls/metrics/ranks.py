"""The true label's rank among all classes, numbers for groups, and the types of arrays."""

from collections.abc import Iterable

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


def number_groups(names: Iterable[str]) -> Ints:
    """int64 (N,): a number from 0 for each group name; an empty name is a group of its own."""
    # a pair: no name that a person gives can be that of a picture without one
    keys = [(name, 0 if name else row) for row, name in enumerate(names)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], dtype=np.int64)


def average_position(places: Ints, truth: Ints) -> float:
    """The macro mean of ranks `places` (N,): of the mean rank of each class in `truth` (N,)."""
    means = class_means(places, truth)
    return float(np.mean(list(means.values())))


def class_means(values: Floats | Ints, truth: Ints) -> dict[int, float]:
    """The mean of `values` (N,) for each class that `truth` (N,) holds, by class."""
    return {int(label): float(values[truth == label].mean()) for label in np.unique(truth)}
