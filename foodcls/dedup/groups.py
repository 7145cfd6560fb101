"""Turns pairs of pictures into groups: who is kept of those that are the same, who is alike."""

import numpy as np

from foodcls.dedup.pairs import SAME, Pairs

NEAR = "near duplicate"


def choose_keepers(count: int, pairs: Pairs, is_fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of `count` places the place of its keeper, and in words how it resembles it.

    Ints and objects (str, empty for a keeper) of shape (count,). `pairs` that correlate by SAME
    show the same, and a lower place is worth more. What `is_fixed`, bool of shape (count,), is kept
    in any case. A place is claimed only by a keeper that it resembles itself: similarity is not
    passed on.
    """
    pairs = pairs.pick(pairs.correlation >= SAME)
    keeper, how = np.arange(count), np.full(count, "", dtype=object)
    # pairs come sorted by left: every keeper claims what is free, before those of less priority
    for number, (left, right) in enumerate(zip(pairs.left, pairs.right, strict=True)):
        if keeper[left] == left and keeper[right] == right and not is_fixed[right]:
            kind = "mirrored" if pairs.mirrored[number] else NEAR
            keeper[right], how[right] = left, f"{kind}, distance {pairs.distance[number]}"
    return keeper, how


def join_clusters(count: int, ends: np.ndarray) -> np.ndarray:
    """For each of `count` places the first place that pairs lead to: int of shape (count,).

    `ends` are pairs of places, int of shape (n, 2).
    """
    # here, as what recalls an unchanged run would import it in vain
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(ends)), tuple(ends.T)), (count, count))
    _, cluster = connected_components(links, directed=False)
    _, first = np.unique(cluster, return_index=True)
    return np.asarray(first[cluster])
