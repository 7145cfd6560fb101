"""Finds near pairs among many pictures by their views: of a crop, the other's window is a view.

Locality-sensitive hashing (Indyk and Motwani 1998; Datar et al. 2004) instead of all pairs: of
photos one pair in 300 has hashes within 18 bits by chance, which are billions among a million.
"""

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from foodcls.dedup.cells import STEP, Hashes, Points, Share, read_places, search_cells
from foodcls.dedup.correlation import COARSE, GRID, make_stripes, sum_cells
from foodcls.dedup.hamming import Judged, NearPairs, measure_pairs
from foodcls.image.hashes import Fingerprints
from foodcls.work.parallel import in_threads

# A view is told by these frequencies (down, across) of its brightness (0) and of two differences
# between its colors: those that vary most in 2,240 web photos.
AXES = (
    (2, 0, 0), (0, 2, 0), (1, 0, 0), (0, 0, 1), (0, 1, 0), (2, 2, 0), (1, 1, 0), (3, 0, 0),
    (0, 0, 2), (1, 2, 0), (2, 1, 0), (0, 3, 0), (2, 0, 1), (3, 2, 0), (1, 0, 1), (0, 2, 1),
)  # fmt: skip
COLORS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
TOGETHER = 256  # pictures whose views are cut at once: 6 MiB
SCALES = (0.94, 0.88, 0.82)  # of a window's side in the whole


def search_views(
    prints: Fingerprints, reach: int, judge: Callable[[NearPairs], Judged], share: Share
) -> Iterator[Judged]:
    """What `judge` makes of the pairs within `reach` bits where one is a view of the other.

    Mirrored hashes are compared as `search_hamming` compares them. Time and memory grow little
    faster than the number of pictures. Not all pairs are found: docs/cluster.md says how many are.
    """
    views = _cut_all(prints.thumbnails, len(WINDOWS))
    is_odd = np.array([across % 2 for _, across, _ in AXES], bool)
    wholes = views[:, :: len(WINDOWS)].T
    places = read_places(wholes)
    places[:, is_odd] *= -1
    mirrored = places.astype(np.int8).view("<u2")
    points = Points(np.concatenate([wholes, mirrored]), views, len(WINDOWS))
    hashes = Hashes(np.concatenate([prints.hashes, prints.mirrors]), prints.hashes, reach)
    for left, right in search_cells(points, hashes, share):
        near = measure_pairs(prints.hashes, prints.mirrors, left, right)
        yield judge(near.pick(np.minimum(near.distance, near.mirror_distance) <= reach))


def search_turned(
    prints: Fingerprints, turns: int, reach: int, judge: Callable[[NearPairs], Judged], share: Share
) -> Iterator[Judged]:
    """What `judge` makes of the pairs where one is the other turned `turns` times by 90 degrees.

    The mirrors' place in `prints` is taken by the hashes of the turned.
    """
    thumbnails, turned = prints.thumbnails, prints.mirrors
    wholes = np.ascontiguousarray(_cut_all(thumbnails, 1, turns).T)
    points = Points(wholes, _cut_all(thumbnails, 1), 1)
    for left, right in search_cells(points, Hashes(turned, prints.hashes, reach), share):
        near = measure_pairs(prints.hashes, turned, left, right)
        yield judge(near.pick(near.mirror_distance <= reach))


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
    sums = sum_cells(thumbnails, GRID)
    cells = sums.reshape(count, -1, 3).astype(np.float32)
    # whole numbers, whose sum is exact in any order
    cells -= cells.reshape(count, -1).mean(axis=1)[:, None, None]
    points = cells.reshape(count, -1) @ TO_POINTS[:, : each * len(AXES)]
    # a view's length about its mean; exact for the whole, and for the others nearly
    weights = TO_SUMS[:, :each]
    totals, squares = _add_colors(cells) @ weights, _add_colors(cells * cells) @ weights
    spread = np.maximum(squares - totals**2 / (3 * COARSE**2), 1)
    halves = sums[:, ::2] + sums[:, 1::2]
    whole = (halves[:, :, ::2] + halves[:, :, 1::2]).reshape(count, -1).astype(np.float32) / 4
    whole -= whole.mean(axis=1, keepdims=True)
    square = np.einsum("nk,nk->n", whole, whole)
    length = np.sqrt(np.maximum(spread * (square / spread[:, 0])[:, None], 1))
    return np.asarray(points.reshape(count, each, len(AXES)) / length[:, :, None])


def _add_colors(cells: np.ndarray) -> np.ndarray:
    """The sums of three numbers, those of the last axis; numpy's own take five times as long."""
    return np.asarray(cells[..., 0] + cells[..., 1] + cells[..., 2])


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
