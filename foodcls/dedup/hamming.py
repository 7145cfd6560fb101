"""Hamming search: finds all pairs of 64-bit hashes within a distance, exactly, tile by tile."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from foodcls.image.hashes import Columns

Judged = TypeVar("Judged")

# a tile's 4 MiB of differences stay in the cache: of the sizes tried from 16x1024 to 128x4096
# the fastest, 0.7 ns a pair and core
ROWS, COLUMNS = 128, 4096


@dataclass(frozen=True)
class NearPairs(Columns):
    """n pairs of pictures by their places, left < right; arrays of shape (n,)."""

    left: np.ndarray  # int
    right: np.ndarray  # int
    distance: np.ndarray  # uint8, bits between the hashes
    mirror_distance: np.ndarray  # uint8, bits between the one's hash and the mirrored other's


def search_hamming(
    hashes: np.ndarray, mirrors: np.ndarray, reach: int, judge: Callable[[NearPairs], Judged]
) -> Iterator[Judged]:
    """What `judge` makes of the pairs within `reach` bits, straight or mirrored, strip by strip.

    `hashes` and `mirrors`, those of the mirror images, are uint64 of shape (pictures,).
    All pairs are compared, in threads (numpy releases the interpreter's lock); memory is that of
    the pairs that one strip of 128 hashes is near to. A mirror's hash may differ by some bits with
    the side that is mirrored: it is compared with the lower of the two hashes, so that the order
    of pictures does not matter.
    """
    order = np.lexsort((mirrors, hashes))
    hashes, mirrors = hashes[order], mirrors[order]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(
            lambda start: judge(_search_strip(hashes, mirrors, reach, order, start)),
            range(0, len(hashes), ROWS),
        )


def measure_pairs(
    hashes: np.ndarray, mirrors: np.ndarray, left: np.ndarray, right: np.ndarray
) -> NearPairs:
    """How far such pairs are apart, as `search_hamming` tells it; left < right."""
    lower, higher = hashes[left], hashes[right]
    swapped = (higher < lower) | ((higher == lower) & (mirrors[right] < mirrors[left]))
    other = mirrors[np.where(swapped, left, right)]
    turned = np.bitwise_count(np.where(swapped, higher, lower) ^ other)
    return NearPairs(left, right, np.bitwise_count(lower ^ higher), turned)


def _search_strip(
    hashes: np.ndarray, mirrors: np.ndarray, reach: int, order: np.ndarray, start: int
) -> NearPairs:
    rows, columns = [], []
    for row, column in _hits(hashes, mirrors, reach, start):
        later = column > row
        rows.append(row[later])
        columns.append(column[later])
    row, column = np.concatenate(rows), np.concatenate(columns)
    straight = np.bitwise_count(hashes[row] ^ hashes[column])
    turned = np.bitwise_count(hashes[row] ^ mirrors[column])
    one, other = order[row], order[column]
    return NearPairs(np.minimum(one, other), np.maximum(one, other), straight, turned)


def _hits(
    hashes: np.ndarray, mirrors: np.ndarray, reach: int, start: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    own = hashes[start : start + ROWS, None]
    gap = np.empty((len(own), COLUMNS), np.uint64)
    bits, turned = np.empty(gap.shape, np.uint8), np.empty(gap.shape, np.uint8)
    for left in range(start, len(hashes), COLUMNS):
        width = min(COLUMNS, len(hashes) - left)
        part, near, far = gap[:, :width], bits[:, :width], turned[:, :width]
        for against, into in ((hashes, near), (mirrors, far)):
            np.bitwise_xor(own, against[None, left : left + width], out=part)
            np.bitwise_count(part, out=into)
        # in one dimension: numpy takes fifteen times as long to find places in two
        row, column = np.divmod(np.flatnonzero(np.minimum(near, far) <= reach), width)
        yield row + start, column + left
