"""Correlates the thumbnails of pairs of pictures, the one laid over windows of the other.

Thumbnails are uint8 of shape (pictures, 32, 32, 3). The pairs of a call are arrays of shape (n,):
`left` and `right` are int places of thumbnails, `mirrored` tells whether the right one is mirrored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foodcls.image.hashes import THUMBNAIL_SIDE, Columns
from foodcls.work.parallel import in_threads

GRID = 16  # cells a side in which two thumbnails are compared
FINEST = THUMBNAIL_SIDE  # the thumbnail's own pixels
COARSE = 8  # cells a side for a first look at many pairs: 768 bytes a picture
SCALES = (0.96, 0.92, 0.88, 0.84, 0.8)  # of a window's side in the whole
TOGETHER = 32  # pictures whose windows are cut at once: 4 MiB
# of 444 pairs of web photos that are the same none loses so much from fine to coarse cells
SLACK = 0.02
FEW = 256  # pairs whose wholes are compared at once: 1.5 MiB stay in the cache
PART = 10_000  # pairs whose coarse thumbnails are compared at once: 15 MiB


def coarse_units(thumbnails: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Coarse thumbnails of mean 0 and length 1, of these places: float32 of shape (n, 8, 8, 3)."""
    units = np.empty((len(places), COARSE * COARSE * 3), np.float32)
    for start in range(0, len(places), PART):
        part = slice(start, start + PART)
        units[part] = unit(sum_cells(thumbnails[places[part]], COARSE))
    return units.reshape(-1, COARSE, COARSE, 3)


def correlate_coarse(
    coarse: np.ndarray, left: np.ndarray, right: np.ndarray, *, mirrored: bool
) -> np.ndarray:
    """How the whole pictures of each pair correlate: float32 of shape (n,), from -1 to 1.

    `coarse` is what `coarse_units` gave.
    """
    values = np.empty(len(left), np.float32)
    for start in range(0, len(left), PART):
        part = slice(start, start + PART)
        other = coarse[right[part]]
        turned = other[:, :, ::-1] if mirrored else other
        values[part] = np.einsum("nrck,nrck->n", coarse[left[part]], turned)
    return values


def correlate_best(
    thumbnails: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    mirrored: np.ndarray,
    least: np.ndarray,
    enough: float,
) -> np.ndarray:
    """The best correlation of one picture with any window of the other: float of shape (n,).

    It is exact from `least` of the pair, float of shape (n,), up to `enough`. Windows are not
    searched where the wholes correlate by more, nor in fine cells where coarse ones correlate by
    less: coarse cells hide differences, not similarity.
    """
    places, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    pairs = _Ends(ends[: len(left)], ends[len(left) :], mirrored)
    few = thumbnails[places]
    fine = _Units.of(few, GRID)
    best = _correlate_wholes(fine, pairs)
    unsure = np.flatnonzero(best < enough)
    coarse = _search_windows(few, _Units.of(few, COARSE), pairs.pick(unsure))
    likely = unsure[coarse >= least[unsure] - SLACK]
    found = _search_windows(few, fine, pairs.pick(likely))
    best[likely] = np.maximum(best[likely], found)
    return best


@dataclass(frozen=True)
class _Ends(Columns):
    """Pairs of places, as the module's docstring tells."""

    left: np.ndarray
    right: np.ndarray
    mirrored: np.ndarray


@dataclass(frozen=True)
class _Units:
    """Whole pictures in cells, of mean 0 and length 1, as they are and mirrored."""

    grid: int
    straight: np.ndarray
    turned: np.ndarray

    @classmethod
    def of(cls, thumbnails: np.ndarray, grid: int) -> "_Units":
        cells = sum_cells(thumbnails, grid)
        return cls(grid, unit(cells), unit(cells[:, :, ::-1]))

    def take(self, places: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
        units = self.straight[places]
        units[mirrored] = self.turned[places[mirrored]]
        return units


def _correlate_wholes(units: _Units, pairs: _Ends) -> np.ndarray:
    def correlate(start: int) -> np.ndarray:
        some = pairs.pick(slice(start, start + FEW))
        other = units.take(some.right, some.mirrored)
        return np.einsum("nk,nk->n", units.straight[some.left], other)

    parts = in_threads(correlate, range(0, len(pairs.left), FEW))
    return np.concatenate([np.empty(0), *parts])


def _search_windows(thumbnails: np.ndarray, units: _Units, pairs: _Ends) -> np.ndarray:
    """For each pair the best correlation of one whole with any window of the other, both ways."""
    best = np.full(len(pairs.left), -1.0)
    inner = np.concatenate([pairs.left, pairs.right])
    outer = np.concatenate([pairs.right, pairs.left])
    mirrored = np.tile(pairs.mirrored, 2)
    order = np.argsort(outer, kind="stable")
    needed, starts = np.unique(outer[order], return_index=True)
    stops = np.append(starts[1:], len(order))

    def search(begin: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(begin, begin + TOGETHER)
        cut, lengths = cut_windows(thumbnails[needed[part]], units.grid)
        found = []
        for view, length, start, stop in zip(cut, lengths, starts[part], stops[part], strict=True):
            chosen = order[start:stop]
            own = units.take(inner[chosen], mirrored[chosen])
            # what is laid over has mean 0: the window's own mean does not matter
            found.append((own @ view.T / length).max(axis=1))
        return order[starts[begin] : stops[part][-1]], np.concatenate(found)

    for chosen, found in in_threads(search, range(0, len(needed), TOGETHER)):
        np.maximum.at(best, chosen % len(best), found)
    return best


def unit(pictures: np.ndarray) -> np.ndarray:
    """Pictures of shape (n, ...) as float32 of shape (n, values), of mean 0 and length 1.

    Contrast and brightness no longer count, hue does.
    """
    flat = pictures.reshape(len(pictures), math.prod(pictures.shape[1:])).astype(np.float32)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3)


def cut_windows(thumbnails: np.ndarray, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """All windows of thumbnails in cells, and their lengths about the mean.

    float32 of shape (n, 46, 3 * grid * grid) and (n, 46). The first is the whole thumbnail, then
    come nine for each scale.
    """
    count, stripes = len(thumbnails), STRIPES[grid]
    # about the mean, so that lengths of pale pictures lose no digits
    deep = thumbnails - thumbnails.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float32)
    across = deep.transpose(1, 0, 2, 3).reshape(THUMBNAIL_SIDE, -1)
    # stripe, row, picture, column, color
    rows = (stripes.reshape(-1, THUMBNAIL_SIDE) @ across).reshape(
        len(stripes), grid, count, THUMBNAIL_SIDE, 3
    )
    cut = np.empty((count, 1 + 9 * len(SCALES), grid * grid * 3), np.float32)
    place = 0
    for first, size in ((0, 1), *((1 + 3 * scale, 3) for scale in range(len(SCALES)))):
        # stripe, row, picture, color, stripe, column
        some = slice(first, first + size)
        part = np.tensordot(rows[some], stripes[some], axes=(3, 2))
        into = cut[:, place : place + size * size].reshape(count, size, size, grid, grid, 3)
        into[:] = part.transpose(2, 0, 4, 1, 5, 3)
        place += size * size
    squares = np.einsum("nwk,nwk->nw", cut, cut) - cut.sum(axis=2) ** 2 / cut.shape[2]
    return cut, np.sqrt(np.maximum(squares, 1e-3))


def best_windows(inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """For each of n pairs the window of the outer that correlates best with the inner: int, (n,).

    Both are thumbnails, of shape (n, 32, 32, 3); windows are counted as `cut_windows` has them.
    """
    own = unit(sum_cells(inner, COARSE))
    best = np.empty(len(inner), int)
    for start in range(0, len(inner), TOGETHER):
        part = slice(start, start + TOGETHER)
        cut, lengths = cut_windows(outer[part], COARSE)
        best[part] = (np.einsum("nwk,nk->nw", cut, own[part]) / lengths).argmax(axis=1)
    return best


def view_windows(thumbnails: np.ndarray, windows: np.ndarray, grid: int) -> np.ndarray:
    """One window (int, shape (n,)) of each thumbnail, as mean colors of its cells.

    float32 of shape (n, grid * grid, 3), in levels of 255.
    """
    if not windows.any():
        sums = sum_cells(thumbnails, grid).astype(np.float32)
        return (sums / (THUMBNAIL_SIDE // grid) ** 2).reshape(-1, grid * grid, 3)
    # the first is the whole thumbnail, then come three by three for each scale
    scale, place = np.divmod(windows - 1, 9)
    first = np.where(windows > 0, 1 + 3 * scale, 0)
    rows, columns = (first + np.where(windows > 0, step, 0) for step in np.divmod(place, 3))
    stripes = STRIPES[grid]
    across = np.matmul(
        stripes[rows], thumbnails.reshape(len(thumbnails), THUMBNAIL_SIDE, -1).astype(np.float32)
    ).reshape(-1, grid, THUMBNAIL_SIDE, 3)
    views = np.einsum("ngkc,nhk->nghc", across, stripes[columns], optimize=True)
    return views.reshape(-1, grid * grid, 3)


def sum_cells(thumbnails: np.ndarray, side: int) -> np.ndarray:
    """Sums over cells, which correlate as means do: uint16 of shape (n, side, side, 3)."""
    width = THUMBNAIL_SIDE // side
    # slice by slice, a color at a time: numpy's loops are then long, which a mean's would not be
    rows = thumbnails[:, ::width].astype(np.uint16)
    for row in range(1, width):
        rows += thumbnails[:, row::width]
    total = np.empty((len(thumbnails), side, side, 3), np.uint16)
    for color in range(3):
        total[..., color] = rows[:, :, ::width, color]
        for column in range(1, width):
            total[..., color] += rows[:, :, column::width, color]
    return total


def make_stripes(grid: int, side: int, scales: Sequence[float]) -> np.ndarray:
    """Weights that average the `side` cells of a picture's side into a window's `grid` cells.

    The whole side, then three for each scale: float32 of shape (1 + 3 * scales, grid, side).
    """
    windows = [(1.0, 0.0), *((scale, offset) for scale in scales for offset in (0, 0.5, 1))]
    return np.stack(
        [
            _stripe(side * (1 - scale) * offset, side * scale, grid, side)
            for scale, offset in windows
        ]
    )


def _stripe(start: float, length: float, grid: int, side: int) -> np.ndarray:
    edges = np.linspace(start, start + length, grid + 1)
    cells = np.arange(side)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights = np.clip(overlap, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


STRIPES = {grid: make_stripes(grid, THUMBNAIL_SIDE, SCALES) for grid in (COARSE, GRID, FINEST)}
