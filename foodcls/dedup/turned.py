"""Finds pairs of which one shows the other turned by 90, 180 or 270 degrees.

Turned copies are not dropped as duplicates: the pairs say what a split must not part.
"""

from collections.abc import Iterator

import numpy as np

from foodcls.dedup.cells import Share, share_here
from foodcls.dedup.confirm import BRIGHTNESS, confirm_pairs
from foodcls.dedup.correlation import unit
from foodcls.dedup.hamming import NearPairs, search_hamming
from foodcls.dedup.pairs import EXACT, SAME
from foodcls.dedup.views import search_turned
from foodcls.image.hashes import Fingerprints, hash_grays

TOGETHER = 4096  # thumbnails looked at at once: 100 MiB


def find_turned(thumbnails: np.ndarray, distance: int, share: Share = share_here) -> np.ndarray:
    """Places of such pairs: int of shape (n, 2), the lower one first.

    `thumbnails` is uint8 of shape (pictures, 32, 32, 3). Pairs whose hashes differ by at most
    `distance` bits of 64 when one thumbnail is turned are compared as those of `find_pairs` are.
    """
    straight = _hash_turned(thumbnails, 0)
    found = [np.empty((0, 2), int)]
    for turns in (1, 2, 3):

        def near_ends(near: NearPairs) -> np.ndarray:
            return np.stack([near.left, near.right], axis=1)[near.mirror_distance <= distance]

        hashes = _hash_turned(thumbnails, turns)
        if len(thumbnails) > EXACT:
            prints = Fingerprints(straight, hashes, thumbnails)
            every = search_turned(prints, turns, distance, near_ends, share)
        else:
            every = search_hamming(straight, hashes, distance, near_ends)
        for ends in every:
            # which of the two is the turned one is not known
            found += _confirmed(thumbnails, np.concatenate([ends, ends[:, ::-1]]), turns)
    return np.unique(np.concatenate(found), axis=0)


def _hash_turned(thumbnails: np.ndarray, turns: int) -> np.ndarray:
    parts = [np.empty(0, np.uint64)]
    for start in range(0, len(thumbnails), TOGETHER):
        grays = (thumbnails[start : start + TOGETHER] @ BRIGHTNESS).astype(np.uint8)
        parts.append(hash_grays(np.rot90(grays, turns, axes=(1, 2)))[0])
    return np.concatenate(parts)


def _confirmed(thumbnails: np.ndarray, ends: np.ndarray, turns: int) -> Iterator[np.ndarray]:
    for start in range(0, len(ends), TOGETHER):
        part = ends[start : start + TOGETHER]
        one, other = thumbnails[part[:, 0]], np.rot90(thumbnails[part[:, 1]], turns, axes=(1, 2))
        same = np.flatnonzero(np.einsum("nk,nk->n", unit(one), unit(other)) >= SAME)
        both = np.concatenate([one[same], other[same]])
        left = np.arange(len(same))
        sure = confirm_pairs(both, left, left + len(same), np.zeros(len(same), bool)).is_same
        yield np.sort(part[same[sure]], axis=1)
