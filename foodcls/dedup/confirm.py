"""Looks once more at pairs of pictures that correlate: before a plain ground, and at colours."""

from dataclasses import dataclass

import numpy as np

from foodcls.dedup.correlation import COARSE, FINEST, GRID, best_windows, view_windows
from foodcls.work.parallel import in_threads

# Of 444 pairs of web photos that show one photo none had foregrounds that correlate by less than
# 0.96 in all detail; 52 pairs of different drawn dishes on white, which correlate by 0.965 or more
# as a whole, had 0.94 or less.
SAME_DETAIL = 0.95
# None of those pairs of photos was further apart than 11.1 levels, whatever was done to its light;
# of 55 pairs of drawn soups that a cook can tell apart, those that correlate are by 13.4 or more.
SAME_COLOURS = 12.5  # levels of 255
TOGETHER = 64  # pairs looked at together: 1 MiB for the finest cells

PLAIN = 12  # levels of 255 within which a cell is of its border's colour
BORDER = 0.7  # of the border's cells that a plain ground has
# share of the cells that has to stand before the ground for anything to be told
LEAST = 0.02

ODD = 0.1  # of the cells may differ by more: a watermark, a caption
SHADE = 0.5  # how much of a difference in brightness counts beside one in colour
GAINS = (0.6, 1.67)  # of contrast, within which it is put aside
# levels that a picture may have lost when it was made brighter or darker
DARKEST, BRIGHTEST = 10, 245
# from red, green, blue to brightness (ITU-R BT.601), and what red and blue have beyond it
AXES = np.array(
    [[0.299, 0.701, -0.299], [0.587, -0.587, -0.587], [0.114, -0.114, 0.886]], np.float32
)


@dataclass(frozen=True)
class Closer:
    """What a closer look says of pairs, in the best of three ways to lay one over the other."""

    standing: np.ndarray  # correlation of what stands before the ground; 1 where detail is the same
    detail: np.ndarray  # the same in all detail
    gap: np.ndarray  # between the colours, in levels of 255

    @property
    def is_same(self) -> np.ndarray:
        """Whether nothing speaks against it that both show one photo."""
        return (self.detail >= SAME_DETAIL) & (self.gap <= SAME_COLOURS)


def look_closer(
    signatures: np.ndarray, left: np.ndarray, right: np.ndarray, mirrored: np.ndarray
) -> Closer:
    """Lay wholes over each other, and, where they differ, each over a window of the other."""

    def look(start: int) -> Closer:
        part = slice(start, start + TOGETHER)
        other = signatures[right[part]]
        turned = np.where(mirrored[part, None, None, None], other[:, :, ::-1], other)
        return _look_all_ways(signatures[left[part]], turned)

    parts = [
        Closer(*np.empty((3, 0), np.float32)),
        *in_threads(look, range(0, len(left), TOGETHER)),
    ]
    return Closer(*(np.concatenate(values) for values in zip(*map(_values, parts), strict=True)))


def _look_all_ways(one: np.ndarray, other: np.ndarray) -> Closer:
    wholes = np.zeros(len(one), int)
    found = _look(one, other, wholes, wholes)
    unsure = np.flatnonzero(~found.is_same)
    if not len(unsure):
        return found
    one, other, wholes = one[unsure], other[unsure], wholes[unsure]
    for windows in ((wholes, best_windows(one, other)), (best_windows(other, one), wholes)):
        again = _look(one, other, *windows)
        found.standing[unsure] = np.maximum(found.standing[unsure], again.standing)
        found.detail[unsure] = np.maximum(found.detail[unsure], again.detail)
        found.gap[unsure] = np.minimum(found.gap[unsure], again.gap)
    return found


def _look(
    one: np.ndarray, other: np.ndarray, windows: np.ndarray, other_windows: np.ndarray
) -> Closer:
    def views(grid: int, some: np.ndarray | slice = slice(None)) -> list[np.ndarray]:
        sides = ((one, windows), (other, other_windows))
        return [view_windows(side[some], places[some], grid) for side, places in sides]

    detail = correlate_foregrounds(*views(FINEST))
    differs = np.flatnonzero(detail < SAME_DETAIL)
    # coarse cells hide differences: what is the same in detail is so in them
    standing = np.ones_like(detail)
    standing[differs] = correlate_foregrounds(*views(GRID, differs))
    return Closer(standing, detail, colour_gaps(*views(COARSE)))


def _values(found: Closer) -> tuple[np.ndarray, ...]:
    return found.standing, found.detail, found.gap


def correlate_foregrounds(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The correlation of pictures in cells, (n, cells, 3); 1 where nothing stands out."""
    stands = np.ones(one.shape[:2], bool)
    # few photographs have a plain ground: the border alone tells
    both = np.flatnonzero(_is_plain(one) & _is_plain(other))
    stands[both] = ~(_is_ground(one[both]) & _is_ground(other[both]))
    mask = stands[:, :, None]
    first, second = _about_mean(one, mask), _about_mean(other, mask)
    lengths = np.sqrt(_sums(first * first) * _sums(second * second))
    values = _sums(first * second) / np.maximum(lengths, 1e-3)
    return np.where(stands.mean(axis=1) < LEAST, 1.0, values)


def _is_plain(pictures: np.ndarray) -> np.ndarray:
    """Whether a picture stands before a plain ground."""
    rim = _border(pictures)
    found: np.ndarray = _is_like(rim, rim).mean(axis=1) >= BORDER
    return found


def _is_ground(pictures: np.ndarray) -> np.ndarray:
    return _is_like(pictures, _border(pictures))


def _is_like(cells: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """Which cells are of the border's colour."""
    colour = np.median(rim, axis=1, keepdims=True)
    like: np.ndarray = (np.abs(cells - colour) <= PLAIN).all(axis=2)
    return like


def _border(pictures: np.ndarray) -> np.ndarray:
    side = round(pictures.shape[1] ** 0.5)
    rim = np.zeros((side, side), bool)
    rim[[0, -1]] = rim[:, [0, -1]] = True
    return pictures[:, rim.ravel()]


def _about_mean(pictures: np.ndarray, mask: np.ndarray) -> np.ndarray:
    count = np.maximum(3 * mask.sum(axis=(1, 2), keepdims=True), 1)
    return (pictures - (pictures * mask).sum(axis=(1, 2), keepdims=True) / count) * mask


def _sums(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.sum(axis=(1, 2)))


def colour_gaps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far pictures in cells, (n, cells, 3), are apart in levels of 255; a tenth may be more."""
    # which of the two was changed, and has lost levels, is not known
    return np.minimum(_residual(one, other), _residual(other, one))


def _residual(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """What of `after` is not `before` with another brightness and contrast."""
    whole = (np.minimum(before, after) > DARKEST) & (np.maximum(before, after) < BRIGHTEST)
    count = np.maximum(whole.sum(axis=(1, 2), keepdims=True), 1)
    centre, goal = (
        (values * whole).sum(axis=(1, 2), keepdims=True) / count for values in (before, after)
    )
    own, wanted = (before - centre) * whole, (after - goal) * whole
    spread = (own * own).sum(axis=(1, 2), keepdims=True)
    shared = (own * wanted).sum(axis=(1, 2), keepdims=True)
    # one tone has no contrast to change
    gain = np.where(spread > 1, np.clip(shared / np.maximum(spread, 1), *GAINS), 1)
    guess = np.clip((before - centre) * gain + goal, 0, 255)
    shade, red, blue = np.moveaxis((after - guess) @ AXES, -1, 0)
    distance = np.sqrt(SHADE * shade**2 + red**2 + blue**2)
    last = -1 - int(ODD * distance.shape[1])
    return np.partition(distance, last, axis=1)[:, last]
