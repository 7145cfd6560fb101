"""Finds pairs of pictures that show the same; knows nothing of labels or of rows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foodcls.curate.hashes import SIGNATURE_SIDE, Look, pack_hashes, read_signatures

# Of 2,266 web photos of 13 dishes, 444 pairs within 18 bits showed one photo (looked at where the
# ground truth did not say so): they correlated by 0.971 or more. All other pairs had 0.950 or less,
# but for two with one photo whose contrast had been raised, at 0.959.
SAME = 0.97
# look-alikes, e.g. the same loaf photographed twice: not duplicates, yet not to be split
ALIKE = 0.9
ALIKE_BITS = 4  # beyond the recipe's distance
# a window is searched only where the whole correlates: an 8 % crop of the side keeps 0.79
WORTH = 0.6
# a crop of 8 % of the side moves up to 18 bits of a phash
REACH = 18

GRID = 16  # cells a side in which two thumbnails are compared
SCALES = (0.96, 0.92, 0.88, 0.84, 0.8)  # of a window's side in the whole
BLOCK = 1 << 22  # pairs that are looked at together: 32 MiB of distances


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures by their places, left < right, as arrays of one length."""

    left: np.ndarray
    right: np.ndarray
    distance: np.ndarray  # bits between the hashes
    mirrored: np.ndarray
    likeness: np.ndarray  # correlation of the thumbnails, the one laid over a window of the other
    same_pixels: np.ndarray

    def pick(self, chosen: np.ndarray) -> "Pairs":
        """The pairs at these places."""
        return Pairs(**{name: values[chosen] for name, values in vars(self).items()})


def find_pairs(looks: list[Look], distance: int, *, with_crops: bool = True) -> Pairs:
    """Pairs that are the same or alike: hashes near or mirrored, confirmed by thumbnails.

    Hashes alone take different dishes on white for one picture, and lose crops. With
    `with_crops` pairs up to three times `distance` (at most REACH) are looked at too.
    """
    reach = max(distance, min(3 * distance, REACH)) if with_crops else distance
    hashes = pack_hashes(look.hash for look in looks)
    mirrors = pack_hashes(look.mirror_hash for look in looks)
    signatures = read_signatures(looks)
    wholes = _unit(_grid(signatures))
    mirrored_wholes = _unit(_grid(signatures)[:, :, ::-1])
    found = [
        _worthwhile(left, right, bits, mirrored, wholes, mirrored_wholes if mirrored else wholes)
        for left, right, bits, mirrored in _near(hashes, mirrors, max(reach, distance + ALIKE_BITS))
    ]
    if not found:
        return Pairs(*(np.empty(0, kind) for kind in (int, int, int, bool, float, bool)))
    left, right, bits, mirrored = (np.concatenate(part) for part in zip(*found, strict=True))
    pixels = np.array([look.pixels for look in looks])
    same_pixels = pixels[left] == pixels[right]
    likeness = _likeness(signatures, (wholes, mirrored_wholes), left, right, mirrored)
    likeness[same_pixels] = 1
    pairs = Pairs(left, right, bits, mirrored, likeness, same_pixels)
    is_same = (likeness >= SAME) & (bits <= reach)
    return _best(pairs.pick(is_same | ((likeness >= ALIKE) & (bits <= distance + ALIKE_BITS))))


def _near(
    hashes: np.ndarray, mirrors: np.ndarray, reach: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, bool]]:
    """Pairs of hashes within `reach` bits, exactly, a block of rows at a time."""
    step = max(1, BLOCK // max(1, len(hashes)))
    for start in range(0, len(hashes), step):
        rows = slice(start, start + step)
        straight = np.bitwise_count(hashes[rows, None] ^ hashes[None, start:])
        # a mirror's hash may differ by a bit with the side that is mirrored: the nearer counts
        turned = np.minimum(
            np.bitwise_count(hashes[rows, None] ^ mirrors[None, start:]),
            np.bitwise_count(mirrors[rows, None] ^ hashes[None, start:]),
        )
        for bits, mirrored in ((straight, False), (turned, True)):
            left, right = np.nonzero(np.triu(bits <= reach, 1))
            yield left + start, right + start, bits[left, right].astype(int), mirrored


def _worthwhile(
    left: np.ndarray,
    right: np.ndarray,
    bits: np.ndarray,
    mirrored: bool,
    wholes: np.ndarray,
    others: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Leave out pairs whose thumbnails have nothing in common; 10,000 are 60 MiB."""
    keep = np.zeros(len(left), bool)
    for start in range(0, len(left), 10_000):
        part = slice(start, start + 10_000)
        keep[part] = np.einsum("nk,nk->n", wholes[left[part]], others[right[part]]) >= WORTH
    # equal hashes of flat pictures stay: their pixels may be the same
    keep |= (bits == 0) & (not mirrored)
    return left[keep], right[keep], bits[keep], np.full(int(keep.sum()), mirrored)


def _likeness(
    signatures: np.ndarray,
    wholes: tuple[np.ndarray, np.ndarray],
    left: np.ndarray,
    right: np.ndarray,
    mirrored: np.ndarray,
) -> np.ndarray:
    """The best correlation of one picture with any window of the other, for each pair."""
    best = np.full(len(left), -1.0)
    inner, outer = np.concatenate([left, right]), np.concatenate([right, left])
    pair = np.tile(np.arange(len(left)), 2)
    order = np.argsort(outer, kind="stable")
    starts = np.flatnonzero(np.diff(outer[order], prepend=-1))
    for places in np.split(order, starts[1:]) if len(order) else []:
        windows = _unit(_windows(signatures[outer[places[0]]]))
        for flip in (False, True):
            chosen = places[mirrored[pair[places]] == flip]
            values = wholes[int(flip)][inner[chosen]] @ windows.T
            np.maximum.at(best, pair[chosen], values.max(axis=1))
    return best


def _best(pairs: Pairs) -> Pairs:
    """Each pair once: the way round, straight or mirrored, that is more alike."""
    order = np.lexsort((pairs.mirrored, -pairs.likeness, pairs.right, pairs.left))
    pairs = pairs.pick(order)
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(pairs.left) != 0) | (np.diff(pairs.right) != 0)
    return pairs.pick(is_first)


def _unit(pictures: np.ndarray) -> np.ndarray:
    """Flatten and bring to mean 0 and length 1: gain and brightness no longer count, hue does."""
    flat = pictures.reshape(len(pictures), math.prod(pictures.shape[1:])).astype(np.float32)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3)


def _grid(signatures: np.ndarray) -> np.ndarray:
    half = SIGNATURE_SIDE // GRID
    cells = signatures.reshape(-1, GRID, half, GRID, half, 3)
    return cells.mean(axis=(2, 4), dtype=np.float32)


def _windows(signature: np.ndarray) -> np.ndarray:
    """All windows of a thumbnail as float32 of shape (46, 16, 16, 3): itself, and nine a scale."""
    rows = np.tensordot(STRIPES, signature.astype(np.float32), axes=(2, 0))  # (16, 16, 32, 3)
    cut = [np.tensordot(rows[:1], STRIPES[:1], axes=(2, 2))]
    for scale in range(len(SCALES)):
        places = slice(1 + 3 * scale, 4 + 3 * scale)
        cut.append(np.tensordot(rows[places], STRIPES[places], axes=(2, 2)))
    parts = [part.transpose(0, 3, 1, 4, 2).reshape(-1, GRID, GRID, 3) for part in cut]
    return np.concatenate(parts)


def _stripe(start: float, length: float) -> np.ndarray:
    """Weights that average cells [start, start + length) of a thumbnail into GRID cells."""
    edges = np.linspace(start, start + length, GRID + 1)
    cells = np.arange(SIGNATURE_SIDE)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights = np.clip(overlap, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


STRIPES = np.stack(
    [_stripe(0, SIGNATURE_SIDE)]
    + [
        _stripe(SIGNATURE_SIDE * (1 - scale) * offset, SIGNATURE_SIDE * scale)
        for scale in SCALES
        for offset in (0, 0.5, 1)
    ]
)
