"""Finds the points that share a cell of a grid: pairs of wholes and views that may be near.

Locality-sensitive hashing (Indyk and Motwani 1998; Datar et al. 2004); knows no pictures.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from foodcls.store.store import Store
from foodcls.work.parallel import Spread, in_threads

# A view is a point; of copies, crops and look-alikes of those photos 999 in 1,000 have one within
# this of the other's whole. Points of a view have length 1 or less.
NEAR = 0.3
STEP = 127  # parts of 1 in which places are kept
AXES = 16  # of a point
# Points that share a cell are compared, in as many grids as TABLES, each shifted by chance.
TABLES = 40
# A cell's side, for so many pictures; with more it shrinks, so that cells hold as many
SIDE, PICTURES = 0.16, 1_000_000
# what share of a cell's side leaves a fourth of the chance pairs in it: measured, on those photos
SHRINKING = 1 / 12
CHUNK = 1 << 18  # points that are coded and pairs that are compared at once, in each thread
GIVEN = 1 << 20  # pairs that are given at once, to be looked at closely
PARTS = 16  # of all pairs found, by their lower place, which are joined one after another
ROOM = 8  # places for each whole in a table that tells whether a cell has wholes
# a cell with more pairs than this holds flat or equal pictures, whose wholes alone are compared
CROWDED = 1_000_000
IS_VIEW = np.uint32(1 << 31)  # marks places of views among those of wholes
SIDES = 4  # bits by which a mirrored hash may differ with the side that is mirrored


@dataclass(frozen=True)
class Points:
    """Points of wholes and of views, uint16 of shape (8, m) and (8, n * each).

    A number holds two places in STEPs, each an int8. Views of a picture stand one after another,
    its whole first.
    """

    wholes: np.ndarray
    views: np.ndarray
    each: int  # views of a picture


@dataclass(frozen=True)
class Hashes:
    """Hashes of the m wholes and of the n pictures: uint64 of shape (m,) and (n,)."""

    wholes: np.ndarray
    pictures: np.ndarray
    reach: int


# gives what `share_cells` finds in each of the TABLES
Share = Callable[[Points, Hashes], Iterable[np.ndarray]]


def share_here(points: Points, hashes: Hashes) -> Iterator[np.ndarray]:
    """Look at the grids in threads."""
    return in_threads(partial(share_cells, points, hashes), range(TABLES))


def share_over(
    store: Store, spread: Spread, points: Points, hashes: Hashes
) -> Iterator[np.ndarray]:
    """Look at the grids on the workers of `spread`, which find the points in the store."""
    cells = _StoredCells(store, points, hashes)
    try:
        yield from spread(cells, range(TABLES))
    finally:
        store.remove(cells.blobs)


class _StoredCells:
    """`share_cells` of these points, which travel to other processes as a blob of the store."""

    def __init__(self, store: Store, points: Points, hashes: Hashes) -> None:
        self.store, self.points, self.hashes = store, points, hashes
        self.blobs: list[str] = []

    def __call__(self, table: int) -> np.ndarray:
        return share_cells(self.points, self.hashes, table)

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.blobs:
            file = io.BytesIO()
            np.savez(file, *vars(self.points).values(), *vars(self.hashes).values())
            self.blobs.append(self.store.put(file.getvalue()))
        return _load_cells, (self.store.root, self.blobs[0])


# a worker has the points of one search at a time
@lru_cache(maxsize=1)
def _load_cells(root: Path | str, blob: str) -> _StoredCells:
    store = Store(root)
    with np.load(io.BytesIO(store.read(blob)), allow_pickle=False) as file:
        wholes, views, each, ours, theirs, reach = file.values()
    points, hashes = Points(wholes, views, int(each)), Hashes(ours, theirs, int(reach))
    return _StoredCells(store, points, hashes)


def search_cells(
    points: Points, hashes: Hashes, share: Share
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of pictures that share a cell in any grid, each once, some at a time."""
    count, fresh = len(hashes.pictures), list[np.ndarray]()
    every = [np.empty(0, np.int64)] * PARTS
    for found in share(points, hashes):
        fresh.append(found)
        # not after each grid: this one process joins what many have found
        if sum(map(len, fresh)) > sum(map(len, every)):
            _join_into(every, fresh, count)
            fresh = []
    _join_into(every, fresh, count)
    del fresh
    while every:
        part = every.pop(0)
        for start in range(0, len(part), GIVEN):
            yield np.divmod(part[start : start + GIVEN], count)


def _join_into(every: list[np.ndarray], fresh: list[np.ndarray], count: int) -> None:
    """Join what was found, sorted arrays, into the parts, part by part: all at once take more."""
    edges = np.arange(1, PARTS) * (count * count // PARTS)
    split = [np.split(found, np.searchsorted(found, edges)) for found in fresh]
    for part, same in enumerate(zip(*split, strict=True)):
        every[part] = _sort_distinct(np.concatenate([every[part], *same]))


def share_cells(points: Points, hashes: Hashes, table: int) -> np.ndarray:
    """Pairs of which one's whole and a view of the other lie near, and in one cell of a grid.

    int64 of shape (pairs,), each once: the lower place times the number of pictures, and the other.
    """
    count, found = len(hashes.pictures), [np.empty(0, np.int64)]
    for whole, view in _pair_up(_sort_by_cell(points, table), count, points.each):
        owner, other = view // points.each, whole % count
        bits = np.bitwise_count(hashes.wholes[whole] ^ hashes.pictures[owner])
        kept = np.flatnonzero((bits <= hashes.reach + SIDES) & (owner != other))
        gap = read_places(points.wholes[:, whole[kept]]) - read_places(points.views[:, view[kept]])
        kept = kept[np.einsum("nk,nk->n", gap, gap) <= (NEAR * STEP) ** 2]
        owner, other = owner[kept], other[kept]
        # a pair shares a cell by many views
        found.append(_sort_distinct(np.minimum(owner, other) * count + np.maximum(owner, other)))
    return _sort_distinct(np.concatenate(found))


def _sort_distinct(values: np.ndarray) -> np.ndarray:
    """Each value once; of millions numpy's own `unique` takes ten times as long."""
    values.sort()
    return values[np.append(True, values[1:] != values[:-1])[: len(values)]]


def read_places(points: np.ndarray) -> np.ndarray:
    """The places of points, uint16 of shape (8, n), in STEPs: float32 of shape (n, 16)."""
    return np.ascontiguousarray(points.T).view(np.int8).astype(np.float32)


def _sort_by_cell(points: Points, table: int) -> np.ndarray:
    """A code for each whole and each view that may share its cell, sorted.

    It holds the cell, whether it is a view, and its place.
    """
    marks = _mark_cells(points, table)
    wholes, views = points.wholes.shape[1], points.views.shape[1]
    has_whole = np.zeros(1 << min(32, (ROOM * wholes).bit_length()), bool)
    shift = np.uint64(65 - len(has_whole).bit_length())
    # what no view comes to takes no memory
    codes, end = np.empty(wholes + views, np.uint64), 0
    for every, is_view in ((points.wholes, np.uint64(0)), (points.views, np.uint64(IS_VIEW))):
        for start in range(0, every.shape[1], CHUNK):
            code = _code_cells(every[:, start : start + CHUNK], marks)
            code |= np.arange(start, start + len(code), dtype=np.uint64) | is_view
            if is_view:
                code = code[has_whole[code >> shift]]
            else:
                has_whole[code >> shift] = True
            codes[end : end + len(code)] = code
            end += len(code)
    codes[:end].sort()
    return codes[:end]


def _mark_cells(points: Points, table: int) -> np.ndarray:
    """What each number of a point adds to its cell's code, by value: uint32 of (8, 65536)."""
    dice = np.random.default_rng(table)
    side = SIDE * STEP * (PICTURES * points.each / points.views.shape[1]) ** SHRINKING
    places = np.arange(256, dtype=np.uint8).view(np.int8)
    cells = np.floor(places / side + dice.random((AXES, 1))).astype(np.int64).view(np.uint64)
    marks = (cells * dice.integers(2**32, size=(AXES, 1), dtype=np.uint64)).astype(np.uint32)
    # by both places that one number holds
    return (marks[1::2, :, None] + marks[::2, None, :]).reshape(AXES // 2, -1)


def _code_cells(points: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The cell of each point, in the upper half of a number: uint64 of shape (n,)."""
    cell = np.zeros(points.shape[1], np.uint32)
    for mark, two in zip(marks, points, strict=True):
        cell += mark[two]
    return cell.astype(np.uint64) << np.uint64(32)


def _pair_up(codes: np.ndarray, count: int, each: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each whole with each view of its cell, by their places, some at a time.

    `count` is the number of pictures, `each` that of the views of one.
    """
    # some cells after others: what is derived from all codes at once takes more than they do
    edges = codes[CHUNK::CHUNK] >> np.uint64(32) << np.uint64(32)
    for part in np.split(codes, np.searchsorted(codes, edges)):
        # one cell may hold more than that
        if len(part):
            yield from _pair_part(part, count, each)


def _pair_part(codes: np.ndarray, count: int, each: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    place, cell = codes.view("<u4")[::2], codes.view("<u4")[1::2]
    is_whole = place < IS_VIEW
    starts = np.flatnonzero(np.append(cell[:1] == cell[:1], cell[1:] != cell[:-1]))
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
