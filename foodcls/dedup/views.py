"""Finds near pairs among many pictures by their views: of a crop, the other's window is a view.

Locality-sensitive hashing (Indyk and Motwani 1998; Datar et al. 2004) instead of all pairs: of
photos one pair in 300 has hashes within 18 bits by chance, which are billions among a million.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from foodcls.dedup.correlation import COARSE, GRID, make_stripes, sum_cells
from foodcls.dedup.hamming import Judged, NearPairs, measure_pairs
from foodcls.work.parallel import in_threads

# A view is told by these frequencies (down, across) of its brightness (0) and of two differences
# between its colors: those that vary most in 2,240 web photos.
AXES = (
    (2, 0, 0), (0, 2, 0), (1, 0, 0), (0, 0, 1), (0, 1, 0), (2, 2, 0), (1, 1, 0), (3, 0, 0),
    (0, 0, 2), (1, 2, 0), (2, 1, 0), (0, 3, 0), (2, 0, 1), (3, 2, 0), (1, 0, 1), (0, 2, 1),
)  # fmt: skip
COLORS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
SCALES = (0.94, 0.88, 0.82)  # of a window's side in the whole
# A view is a point; of copies, crops and look-alikes of those photos 999 in 1,000 have one within
# this of the other's whole. Points of a view have length 1 or less.
NEAR = 0.3
STEP = 127  # parts of 1 in which places are kept
# Points that share a cell are compared, in as many grids as TABLES, each shifted by chance.
TABLES = 40
# A cell's side, for so many pictures; with more it shrinks, so that cells hold as many
SIDE, PICTURES = 0.16, 1_000_000
# what share of a cell's side leaves a fourth of the chance pairs in it: measured, on those photos
SHRINKING = 1 / 12
TOGETHER = 256  # pictures whose views are cut at once: 6 MiB
CHUNK = 1 << 20  # pairs that are looked at at once
# a cell with more pairs than this holds flat or equal pictures, whose wholes alone are compared
CROWDED = 1_000_000
IS_VIEW = np.uint32(1 << 31)  # marks places of views among those of wholes
SIDES = 4  # bits by which a mirrored hash may differ with the side that is mirrored


@dataclass(frozen=True)
class _Points:
    """Points of wholes and of views, uint16 of shape (8, m) and (8, n * each).

    A number holds two places in STEPs, each an int8. Views of a picture stand one after another,
    its whole first.
    """

    wholes: np.ndarray
    views: np.ndarray
    each: int  # views of a picture


@dataclass(frozen=True)
class _Hashes:
    """Hashes of the m wholes and of the n pictures: uint64 of shape (m,) and (n,)."""

    wholes: np.ndarray
    pictures: np.ndarray
    reach: int


def search_views(
    thumbnails: np.ndarray,
    hashes: np.ndarray,
    mirrors: np.ndarray,
    reach: int,
    judge: Callable[[NearPairs], Judged],
) -> Iterator[Judged]:
    """What `judge` makes of the pairs within `reach` bits where one is a view of the other.

    `thumbnails` is uint8 of shape (pictures, 32, 32, 3); the rest is as `search_hamming` has it.
    Time and memory grow little faster than the number of pictures. Not all pairs are found: how
    many are, docs/cluster.md says.
    """
    views = _cut_all(thumbnails, len(WINDOWS))
    is_odd = np.array([across % 2 for _, across, _ in AXES], bool)
    wholes = views[:, :: len(WINDOWS)]
    places = _places(wholes)
    places[:, is_odd] *= -1
    mirrored = places.astype(np.int8).view("<u2").T
    points = _Points(np.concatenate([wholes, mirrored], axis=1), views, len(WINDOWS))
    both = _Hashes(np.concatenate([hashes, mirrors]), hashes, reach)
    for left, right in _search_cells(points, both):
        near = measure_pairs(hashes, mirrors, left, right)
        yield judge(near.pick(np.minimum(near.distance, near.mirror_distance) <= reach))


def search_turned(
    thumbnails: np.ndarray,
    turns: int,
    hashes: np.ndarray,
    turned: np.ndarray,
    reach: int,
    judge: Callable[[NearPairs], Judged],
) -> Iterator[Judged]:
    """What `judge` makes of the pairs where one is the other turned `turns` times by 90 degrees.

    Their hashes, `turned` those of the turned, lie within `reach` bits, given as the mirrored are.
    """
    points = _Points(_cut_all(thumbnails, 1, turns), _cut_all(thumbnails, 1), 1)
    for left, right in _search_cells(points, _Hashes(turned, hashes, reach)):
        near = measure_pairs(hashes, turned, left, right)
        yield judge(near.pick(near.mirror_distance <= reach))


def _search_cells(points: _Points, hashes: _Hashes) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of pictures that share a cell in any grid, each once, some at a time."""
    every = np.empty(0, np.int64)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(partial(_share_cells, points, hashes), range(TABLES)):
            every = _sort_distinct(np.concatenate([every, found]))
    for start in range(0, len(every), CHUNK):
        yield np.divmod(every[start : start + CHUNK], len(hashes.pictures))


def _cut_all(thumbnails: np.ndarray, each: int, turns: int = 0) -> np.ndarray:
    """Points of the first `each` views of all pictures, which are turned before."""
    points = np.empty((len(AXES) // 2, len(thumbnails), each), np.uint16)

    def cut(start: int) -> None:
        part = slice(start, start + TOGETHER)
        found = _embed(np.rot90(thumbnails[part], turns, axes=(1, 2)), each)
        points[:, part] = np.moveaxis(np.rint(found * STEP).astype(np.int8).view("<u2"), 2, 0)

    # pictures are spread over threads, which the threads of BLAS would slow down
    with threadpool_limits(1, user_api="blas"):
        deque(in_threads(cut, range(0, len(thumbnails), TOGETHER)), maxlen=0)
    return points.reshape(len(points), -1)


def _embed(thumbnails: np.ndarray, each: int) -> np.ndarray:
    """Points of n pictures' first views, from -1 to 1: float32 of shape (n, each, axes)."""
    count = len(thumbnails)
    cells = sum_cells(thumbnails, GRID).reshape(count, -1, 3).astype(np.float32)
    cells -= cells.mean(axis=(1, 2), keepdims=True)
    points = cells.reshape(count, -1) @ TO_POINTS[:, : each * len(AXES)]
    # a view's length about its mean; exact for the whole, and for the others nearly
    weights = TO_SUMS[:, :each]
    sums, squares = cells.sum(axis=2) @ weights, (cells * cells).sum(axis=2) @ weights
    spread = np.maximum(squares - sums**2 / (3 * COARSE**2), 1)
    whole = sum_cells(thumbnails, COARSE).reshape(count, -1).astype(np.float32) / 4
    whole -= whole.mean(axis=1, keepdims=True)
    square = np.einsum("nk,nk->n", whole, whole)
    length = np.sqrt(np.maximum(spread * (square / spread[:, 0])[:, None], 1))
    return np.asarray(points.reshape(count, each, len(AXES)) / length[:, :, None])


def _share_cells(points: _Points, hashes: _Hashes, table: int) -> np.ndarray:
    """Pairs of which one's whole and a view of the other lie near, and in one cell of a grid.

    int64 of shape (pairs,), each once: the lower place times the number of pictures, and the other.
    """
    count, found = len(hashes.pictures), [np.empty(0, np.int64)]
    for whole, view in _pair_up(_sort_by_cell(points, table), count, points.each):
        owner, other = view // points.each, whole % count
        bits = np.bitwise_count(hashes.wholes[whole] ^ hashes.pictures[owner])
        kept = np.flatnonzero((bits <= hashes.reach + SIDES) & (owner != other))
        gap = _places(points.wholes[:, whole[kept]]) - _places(points.views[:, view[kept]])
        kept = kept[np.einsum("nk,nk->n", gap, gap) <= (NEAR * STEP) ** 2]
        owner, other = owner[kept], other[kept]
        found.append(np.minimum(owner, other) * count + np.maximum(owner, other))
    return _sort_distinct(np.concatenate(found))


def _sort_distinct(values: np.ndarray) -> np.ndarray:
    """Each value once; of millions numpy's own `unique` takes ten times as long."""
    values.sort()
    return values[np.append(True, values[1:] != values[:-1])[: len(values)]]


def _places(points: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(points.T).view(np.int8).astype(np.float32)


def _sort_by_cell(points: _Points, table: int) -> np.ndarray:
    """A code for each whole and view, sorted: its cell, whether it is a view, and its place."""
    dice = np.random.default_rng(table)
    wholes, views = points.wholes.shape[1], points.views.shape[1]
    side = SIDE * STEP * (PICTURES * points.each / views) ** SHRINKING
    places = np.arange(256, dtype=np.uint8).view(np.int8)
    cells = np.floor(places / side + dice.random((len(AXES), 1))).astype(np.int64).view(np.uint64)
    marks = (cells * dice.integers(2**32, size=(len(AXES), 1), dtype=np.uint64)).astype(np.uint32)
    # by both places that one number holds
    marks = (marks[1::2, :, None] + marks[::2, None, :]).reshape(len(AXES) // 2, -1)
    codes = np.empty(wholes + views, np.uint64)
    parts = (points.wholes, 0, codes[:wholes]), (points.views, IS_VIEW, codes[wholes:])
    for places, is_view, into in parts:
        cell = np.zeros(len(into), np.uint32)
        for mark, two in zip(marks, places, strict=True):
            cell += mark[two]
        into[:] = cell
        into <<= np.uint64(32)
        into |= np.arange(len(into), dtype=np.uint64) | np.uint64(is_view)
    codes.sort()
    return codes


def _pair_up(codes: np.ndarray, count: int, each: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each whole with each view of its cell, by their places, some at a time.

    `count` is the number of pictures, `each` that of the views of one.
    """
    # no copies: these are the largest arrays of a search
    place, cell = codes.view("<u4")[::2], codes.view("<u4")[1::2]
    is_whole = place < IS_VIEW
    starts = np.append(0, np.flatnonzero(cell[1:] != cell[:-1]) + 1)
    ends = np.append(starts[1:], len(codes))
    # a cell's wholes come before its views
    has_whole = is_whole[starts]
    starts, ends = starts[has_whole], ends[has_whole]
    wholes = np.diff(np.searchsorted(np.flatnonzero(is_whole), np.append(starts, len(codes))))
    views = ends - starts - wholes
    first, last = place[np.minimum(ends - views, len(codes) - 1)], place[ends - 1]
    is_lonely = (wholes == 1) & ((first ^ IS_VIEW) // each == (last ^ IS_VIEW) // each)
    is_lonely &= (first ^ IS_VIEW) // each == place[starts] % count
    useful = np.flatnonzero((views > 0) & ~is_lonely)
    crowd = wholes[useful] * views[useful] > CROWDED
    few, pairs = useful[~crowd], np.cumsum((wholes * views)[useful[~crowd]])
    for chosen in np.split(few, np.searchsorted(pairs, range(CHUNK, pairs[-1:].sum(), CHUNK))):
        # each whole of these cells, as often as its cell has views
        times = np.repeat(views[chosen], wholes[chosen])
        whole = np.repeat(_ranges(starts[chosen], wholes[chosen]), times)
        view = _ranges(np.repeat(starts[chosen] + wholes[chosen], wholes[chosen]), times)
        yield place[whole].astype(int), (place[view] ^ IS_VIEW).astype(int)
    for one in useful[crowd]:
        whole = place[starts[one] : starts[one] + wholes[one]].astype(int)
        view = (place[starts[one] + wholes[one] : ends[one]] ^ IS_VIEW).astype(int)
        view = view[view % each == 0]
        rows = max(1, CHUNK // max(1, len(view)))
        for start in range(0, len(whole), rows):
            some = whole[start : start + rows]
            yield np.repeat(some, len(view)), np.tile(view, len(some))


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The numbers from each start on, as many as its length says, one after another."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)


def _make_maps() -> tuple[np.ndarray, np.ndarray]:
    """From a picture in 16x16 cells to its views' points, and to sums over views; float32."""
    waves = scipy.fft.dct(np.eye(COARSE), norm="ortho", axis=0)
    stripes = make_stripes(COARSE, GRID, SCALES)
    points, sums = [], []
    for row, column in WINDOWS:
        sums.append(np.outer(stripes[row].sum(axis=0), stripes[column].sum(axis=0)).ravel())
        for down, across, color in AXES:
            wave = np.outer(waves[down] @ stripes[row], waves[across] @ stripes[column])
            points.append(np.outer(wave, COLORS[color]).ravel())
    return np.array(points, np.float32).T.copy(), np.array(sums, np.float32).T.copy()


# stripes that a window is cut from, down and across: the whole, then nine for each scale
WINDOWS = ((0, 0), *(
    (1 + 3 * scale + row, 1 + 3 * scale + column)
    for scale in range(len(SCALES)) for row in range(3) for column in range(3)
))  # fmt: skip
TO_POINTS, TO_SUMS = _make_maps()
