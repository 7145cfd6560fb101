"""Chooses which of the pictures that show the same is kept."""

import numpy as np

from foodcls.dedup.pairs import Pairs

NEAR = "near duplicate"


def choose_keepers(count: int, pairs: Pairs, is_fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of `count` places the place of its keeper, and in words how it resembles it.

    `pairs` show the same, and a lower place is worth more. What is fixed is kept in any case. A
    place is claimed only by a keeper that it resembles itself: likeness is not passed on.
    """
    star, how = np.arange(count), np.full(count, "", dtype=object)
    # pairs come sorted by left: every keeper claims what is free, before those of less priority
    for number, (left, right) in enumerate(zip(pairs.left, pairs.right, strict=True)):
        if star[left] == left and star[right] == right and not is_fixed[right]:
            star[right], how[right] = left, _words(pairs, number)
    return star, how


def _words(pairs: Pairs, number: int) -> str:
    kind = "mirrored" if pairs.mirrored[number] else NEAR
    return f"{kind}, distance {pairs.distance[number]}"
