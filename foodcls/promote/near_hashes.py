"""Finds which of many hashes are within a Hamming distance of any of many others.

By multi-index hashing (Norouzi, Punjani and Fleet 2012, CVPR), without comparing each with each. It
is exact: a picture that it passed over would be judged by though it was learnt from. All pairs
within one set, at any distance and mirrored, are found by foodcls.dedup.hamming.
"""

import numpy as np

# of two hashes that differ in up to 7 bits, one band at least differs in 1 or none
BANDS, BITS = 4, 16
REACH = 2 * BANDS - 1
FLIPS = (0, *(1 << bit for bit in range(BITS)))
CHUNK = 1 << 20  # pairs that are looked at at once


def find_near(own: np.ndarray, others: np.ndarray, reach: int) -> np.ndarray:
    """Of each of `own` whether any of `others` is within `reach` bits, at most REACH.

    Both are uint64, of shape (n,) and (m,); the answer is bool of shape (n,).
    """
    if reach > REACH:
        raise ValueError(f"{reach} bits: hashes are found within {REACH}")
    wanted, inverse = np.unique(own, return_inverse=True)
    others, near = np.unique(others), np.zeros(len(wanted), bool)
    for shift in map(np.uint64, range(0, BANDS * BITS, BITS)):
        band = (others >> shift).astype(np.uint16)
        kept, counts = others[np.argsort(band)], np.bincount(band, minlength=1 << BITS)
        starts = np.cumsum(counts) - counts
        for flip in FLIPS:
            left = np.flatnonzero(~near)
            cell = (wanted[left] >> shift).astype(np.uint16) ^ np.uint16(flip)
            ends = np.cumsum(counts[cell])
            cuts = np.searchsorted(ends, range(CHUNK, ends[-1:].sum(), CHUNK))
            for one, into in zip(np.split(left, cuts), np.split(cell, cuts), strict=True):
                owner = np.repeat(one, counts[into])
                # the places of each one's cell, one after another
                first = starts[into] - np.cumsum(counts[into]) + counts[into]
                place = np.arange(len(owner)) + np.repeat(first, counts[into])
                near[owner[np.bitwise_count(wanted[owner] ^ kept[place]) <= reach]] = True
    return near[inverse]
