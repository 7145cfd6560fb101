"""Finds the points that share a cell of a grid: pairs of wholes and views that may be near.

Locality-sensitive hashing (Indyk and Motwani 1998; Datar et al. 2004); knows no pictures.
"""

import io
from collections import deque
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
ROOM = 8  # places for each cell of wholes in a table that tells whether there is one
FEWER = 3  # bits by which the table that tells where to look for one is shorter
# a cell with more pairs than this holds flat or equal pictures, whose wholes alone are compared
CROWDED = 1_000_000
SIDES = 4  # bits by which a mirrored hash may differ with the side that is mirrored


@dataclass(frozen=True)
class Points:
    """Points of wholes and of views, uint16 of shape (m, 8) and (8, n * each).

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

    def join(part: int) -> None:
        same = (found[part] for found in split)
        every[part] = _sort_distinct(np.concatenate([every[part], *same]))

    deque(in_threads(join, range(PARTS)), maxlen=0)


def share_cells(points: Points, hashes: Hashes, table: int) -> np.ndarray:
    """Pairs of which one's whole and a view of the other lie near, and in one cell of a grid.

    int64 of shape (pairs,), each once: the lower place times the number of pictures, and the other.
    """
    count, found = len(hashes.pictures), [np.empty(0, np.int64)]
    for whole, view in _pair_up(points, hashes, table):
        owner, other = view // points.each, whole % count
        kept = np.flatnonzero(owner != other)
        gap = read_places(points.wholes[whole[kept]]) - read_places(points.views.T[view[kept]])
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
    """The places of points, uint16 of shape (n, 8), in STEPs: float32 of shape (n, 16)."""
    return np.ascontiguousarray(points).view(np.int8).astype(np.float32)


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
    """The cell of each point of shape (8, n): uint32 of shape (n,)."""
    cell = np.zeros(points.shape[1], np.uint32)
    for mark, two in zip(marks, points, strict=True):
        # numpy gathers so in half the time of its brackets
        cell += mark.take(two)
    return cell


def _pair_up(points: Points, hashes: Hashes, table: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each whole with each view of its cell, if their hashes are near: by place, some at a time."""
    marks = _mark_cells(points, table)
    codes = _code_cells(points.wholes.T, marks).astype(np.uint64) << np.uint64(32)
    codes |= np.arange(len(codes), dtype=np.uint64)
    codes.sort()
    wholes, ordered = codes.view("<u4").reshape(-1, 2).T
    starts = np.flatnonzero(np.append(ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1]))
    # the last is none's, so that a search ends there
    sizes = np.diff(starts, append=[len(codes)] * 2)
    cells = np.append(ordered[starts], np.uint32(2**32 - 1))
    starts, ours = np.append(starts, 0), hashes.wholes.take(wholes)
    views, at = _find_cells(points.views, cells, marks)
    is_crowded = sizes * np.bincount(at, minlength=len(sizes)) > CROWDED
    if is_crowded.any():
        kept = np.flatnonzero(~is_crowded[at] | (views % points.each == 0))
        views, at = views[kept], at[kept]
    for start in range(0, len(at), CHUNK):
        view, cell = views[start : start + CHUNK], at[start : start + CHUNK]
        pairs = np.cumsum(sizes.take(cell))
        edges = np.searchsorted(pairs, range(CHUNK, pairs[-1], CHUNK))
        for some, here in zip(np.split(view, edges), np.split(cell, edges), strict=True):
            times = sizes.take(here)
            place = _ranges(starts.take(here), times)
            theirs = np.repeat(hashes.pictures.take(some // points.each), times)
            bits = np.bitwise_count(ours.take(place) ^ theirs)
            kept = np.flatnonzero(bits <= hashes.reach + SIDES)
            yield wholes[place[kept]].astype(int), np.repeat(some, times)[kept].astype(int)


def _find_cells(
    views: np.ndarray, cells: np.ndarray, marks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The views that lie in one of these sorted cells, and in which; uint32 of shape (found,)."""
    bits = min(32, (ROOM * len(cells)).bit_length())
    near, far = np.uint32(32 - bits), np.uint32(32 - bits + FEWER)
    is_used = np.zeros(1 << bits, bool)
    is_used[cells >> near] = True
    first = np.searchsorted(cells, np.arange(1 << bits - FEWER, dtype=np.uint32) << far)
    # what no view comes to takes no memory
    found, end = np.empty((2, views.shape[1]), np.uint32), 0
    for start in range(0, views.shape[1], CHUNK):
        cell = _code_cells(views[:, start : start + CHUNK], marks)
        kept = np.flatnonzero(is_used.take(cell >> near, mode="clip"))
        cell = cell.take(kept)
        place = first.take(cell >> far, mode="clip")
        known = cells.take(place)
        behind = np.flatnonzero(known < cell)
        while len(behind):
            place[behind] += 1
            known[behind] = cells.take(place[behind])
            behind = behind[known[behind] < cell[behind]]
        same = np.flatnonzero(known == cell)
        found[:, end : end + len(same)] = start + kept.take(same), place.take(same)
        end += len(same)
    return found[0, :end], found[1, :end]


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The numbers from each start on, as many as its length says, one after another."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
