"""Tells how much two pictures are alike by their thumbnails, one laid over windows of the other."""

import math

import numpy as np

from foodcls.curate.hashes import SIGNATURE_SIDE

GRID = 16  # cells a side in which two thumbnails are compared
COARSE = 8  # cells a side for a first look at many pairs: 768 bytes a picture
SCALES = (0.96, 0.92, 0.88, 0.84, 0.8)  # of a window's side in the whole
TOGETHER = 32  # pictures whose windows are cut at once: 4 MiB
PART = 10_000  # pairs whose coarse thumbnails are held against each other at once: 15 MiB


def coarse_units(signatures: np.ndarray) -> np.ndarray:
    """Coarse thumbnails of mean 0 and length 1: float32 of shape (n, 8, 8, 3)."""
    parts = [
        unit(_cells(signatures[start : start + PART], COARSE))
        for start in range(0, len(signatures), PART)
    ]
    units = np.concatenate([np.empty((0, COARSE * COARSE * 3), np.float32), *parts])
    return units.reshape(-1, COARSE, COARSE, 3)


def correlate_coarse(
    coarse: np.ndarray, left: np.ndarray, right: np.ndarray, *, mirrored: bool
) -> np.ndarray:
    """How the whole pictures of each pair correlate, the right one mirrored or not."""
    values = np.empty(len(left), np.float32)
    for start in range(0, len(left), PART):
        part = slice(start, start + PART)
        other = coarse[right[part]]
        turned = other[:, :, ::-1] if mirrored else other
        values[part] = np.einsum("nrck,nrck->n", coarse[left[part]], turned)
    return values


def correlate_best(
    signatures: np.ndarray, left: np.ndarray, right: np.ndarray, mirrored: np.ndarray, enough: float
) -> np.ndarray:
    """The best correlation of one picture with any window of the other, for each pair.

    Windows are searched only where the wholes correlate by less than `enough`.
    """
    places, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    few = signatures[places]
    straight = _cells(few, GRID)
    wholes = (unit(straight), unit(straight[:, :, ::-1]))
    one, other = ends[: len(left)], ends[len(left) :]
    turned = np.where(mirrored[:, None], wholes[1][other], wholes[0][other])
    best = np.einsum("nk,nk->n", wholes[0][one], turned).astype(float)
    unsure = np.flatnonzero(best < enough)
    inner, outer = np.concatenate([one, other]), np.concatenate([other, one])
    pair = np.concatenate([unsure, unsure + len(left)])
    _search_windows(few, wholes, (inner, outer, np.tile(mirrored, 2)), pair, best)
    return best


def _search_windows(
    signatures: np.ndarray,
    wholes: tuple[np.ndarray, np.ndarray],
    ends: tuple[np.ndarray, np.ndarray, np.ndarray],
    pair: np.ndarray,
    best: np.ndarray,
) -> None:
    inner, outer, mirrored = ends
    pair = pair[np.argsort(outer[pair], kind="stable")]
    needed, starts = np.unique(outer[pair], return_index=True)
    stops = np.append(starts[1:], len(pair))
    for begin in range(0, len(needed), TOGETHER):
        part = slice(begin, begin + TOGETHER)
        cut, lengths = cut_windows(signatures[needed[part]])
        for view, length, start, stop in zip(cut, lengths, starts[part], stops[part], strict=True):
            chosen = pair[start:stop]
            own = np.where(
                mirrored[chosen, None], wholes[1][inner[chosen]], wholes[0][inner[chosen]]
            )
            # what is laid over has mean 0: the window's own mean does not matter
            np.maximum.at(best, chosen % len(best), (own @ view.T / length).max(axis=1))


def unit(pictures: np.ndarray) -> np.ndarray:
    """Flatten and bring to mean 0 and length 1: gain and brightness no longer count, hue does."""
    flat = pictures.reshape(len(pictures), math.prod(pictures.shape[1:])).astype(np.float32)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3)


def cut_windows(signatures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All windows of thumbnails, float32 of shape (n, 46, 768), and their lengths about the mean.

    The first is the whole thumbnail, then come nine for each scale.
    """
    count = len(signatures)
    # about the mean, so that lengths of pale pictures lose no digits
    deep = signatures - signatures.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float32)
    across = deep.transpose(1, 0, 2, 3).reshape(SIGNATURE_SIDE, -1)
    # stripe, row, picture, column, colour
    rows = (STRIPES.reshape(-1, SIGNATURE_SIDE) @ across).reshape(
        len(STRIPES), GRID, count, SIGNATURE_SIDE, 3
    )
    cut = np.empty((count, 1 + 9 * len(SCALES), GRID * GRID * 3), np.float32)
    place = 0
    for first, size in ((0, 1), *((1 + 3 * scale, 3) for scale in range(len(SCALES)))):
        # stripe, row, picture, colour, stripe, column
        stripes = slice(first, first + size)
        part = np.tensordot(rows[stripes], STRIPES[stripes], axes=(3, 2))
        into = cut[:, place : place + size * size].reshape(count, size, size, GRID, GRID, 3)
        into[:] = part.transpose(2, 0, 4, 1, 5, 3)
        place += size * size
    squares = np.einsum("nwk,nwk->nw", cut, cut) - cut.sum(axis=2) ** 2 / cut.shape[2]
    return cut, np.sqrt(np.maximum(squares, 1e-3))


def _cells(signatures: np.ndarray, side: int) -> np.ndarray:
    """Sums over cells; as correlation goes they are as good as means."""
    width = SIGNATURE_SIDE // side
    total = np.zeros((len(signatures), side, side, 3), np.uint16)
    # slice by slice: a tenth of the time of a mean over two axes
    for row in range(width):
        for column in range(width):
            total += signatures[:, row::width, column::width]
    return total


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
