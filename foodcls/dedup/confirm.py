"""Confirms by foregrounds and colors that pairs whose thumbnails correlate show one photo."""

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
SAME_COLORS = 12.5  # levels of 255
TOGETHER = 64  # pairs looked at together: 1 MiB for the finest cells

PLAIN = 12  # levels of 255 within which a cell is of its border's color
BORDER = 0.7  # of the border's cells that a plain ground has
# share of the cells that has to be foreground for a comparison
LEAST = 0.02

ODD = 0.1  # of the cells may differ by more: a watermark, a caption
SHADE = 0.5  # how much of a difference in brightness counts beside one in color
GAINS = (0.6, 1.67)  # of contrast, within which it is put aside
# levels that a picture may have lost when it was made brighter or darker
DARKEST, BRIGHTEST = 10, 245
# of red, green, blue in brightness (ITU-R BT.601)
BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)
RED, _, BLUE = np.eye(3, dtype=np.float32)
# from red, green, blue to brightness, and what red and blue have beyond it
AXES = np.stack([BRIGHTNESS, RED - BRIGHTNESS, BLUE - BRIGHTNESS], axis=1)


@dataclass(frozen=True)
class Confirmation:
    """What was found of n pairs, in the best of three alignments; float arrays of shape (n,)."""

    foreground: np.ndarray  # correlation in coarse cells; 1 where `detail` is high enough
    detail: np.ndarray  # correlation of the foregrounds in all detail
    gap: np.ndarray  # between the colors, in levels of 255

    @property
    def is_same(self) -> np.ndarray:
        """Whether both may show one photo: bool of shape (n,)."""
        return (self.detail >= SAME_DETAIL) & (self.gap <= SAME_COLORS)


def confirm_pairs(
    thumbnails: np.ndarray, left: np.ndarray, right: np.ndarray, mirrored: np.ndarray
) -> Confirmation:
    """Compare whole thumbnails, and, where they differ, each with a window of the other.

    `thumbnails` is uint8 of shape (pictures, 32, 32, 3); `left` and `right` (int places in it) and
    `mirrored` (bool, whether the right one is to be mirrored) are of shape (n,).
    """

    def compare(start: int) -> Confirmation:
        part = slice(start, start + TOGETHER)
        other = thumbnails[right[part]]
        turned = np.where(mirrored[part, None, None, None], other[:, :, ::-1], other)
        return _compare_all_ways(thumbnails[left[part]], turned)

    parts = [
        Confirmation(*np.empty((3, 0), np.float32)),
        *in_threads(compare, range(0, len(left), TOGETHER)),
    ]
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Confirmation(*map(np.concatenate, columns))


def _compare_all_ways(one: np.ndarray, other: np.ndarray) -> Confirmation:
    wholes = np.zeros(len(one), int)
    found = _compare(one, other, wholes, wholes)
    unsure = np.flatnonzero(~found.is_same)
    if not len(unsure):
        return found
    one, other, wholes = one[unsure], other[unsure], wholes[unsure]
    for windows in ((wholes, best_windows(one, other)), (best_windows(other, one), wholes)):
        again = _compare(one, other, *windows)
        found.foreground[unsure] = np.maximum(found.foreground[unsure], again.foreground)
        found.detail[unsure] = np.maximum(found.detail[unsure], again.detail)
        found.gap[unsure] = np.minimum(found.gap[unsure], again.gap)
    return found


def _compare(
    one: np.ndarray, other: np.ndarray, windows: np.ndarray, other_windows: np.ndarray
) -> Confirmation:
    def views(grid: int, some: np.ndarray | slice = slice(None)) -> list[np.ndarray]:
        sides = ((one, windows), (other, other_windows))
        return [view_windows(side[some], places[some], grid) for side, places in sides]

    detail = correlate_foregrounds(*views(FINEST))
    differs = np.flatnonzero(detail < SAME_DETAIL)
    # coarse cells hide differences: what is the same in detail is so in them
    foreground = np.ones_like(detail)
    foreground[differs] = correlate_foregrounds(*views(GRID, differs))
    return Confirmation(foreground, detail, color_gaps(*views(COARSE)))


def correlate_foregrounds(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How the foregrounds of n pairs correlate: float of shape (n,), 1 where there is none.

    `one` and `other` are RGB of 0 to 255, float32 of shape (n, cells, 3). A white ground around two
    dishes makes them correlate, whatever they are: so the plain ground that both have is left
    out. Pictures without one are compared as a whole.
    """
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
    """Whether a picture has a plain ground."""
    rim = _border(pictures)
    found: np.ndarray = _is_like(rim, rim).mean(axis=1) >= BORDER
    return found


def _is_ground(pictures: np.ndarray) -> np.ndarray:
    return _is_like(pictures, _border(pictures))


def _is_like(cells: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """Which cells are of the border's color."""
    color = np.median(rim, axis=1, keepdims=True)
    like: np.ndarray = (np.abs(cells - color) <= PLAIN).all(axis=2)
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


def color_gaps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far the colors of n pairs are apart, in levels of 255: float of shape (n,).

    `one` and `other` are as in `correlate_foregrounds`; a tenth of the cells may differ by more.
    Thumbnails that correlate have their light and dark in the same places, as two soups in one
    bowl have: here brightness and contrast are put aside, and colors compared.
    """
    # which of the two was changed, and has lost levels, is not known
    return np.minimum(_residual(one, other), _residual(other, one))


def _residual(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """What of `after` is not `before` with another brightness and contrast."""
    whole = (np.minimum(before, after) > DARKEST) & (np.maximum(before, after) < BRIGHTEST)
    count = np.maximum(whole.sum(axis=(1, 2), keepdims=True), 1)
    center, goal = (
        (values * whole).sum(axis=(1, 2), keepdims=True) / count for values in (before, after)
    )
    own, wanted = (before - center) * whole, (after - goal) * whole
    spread = (own * own).sum(axis=(1, 2), keepdims=True)
    shared = (own * wanted).sum(axis=(1, 2), keepdims=True)
    # one tone has no contrast to change
    gain = np.where(spread > 1, np.clip(shared / np.maximum(spread, 1), *GAINS), 1)
    guess = np.clip((before - center) * gain + goal, 0, 255)
    shade, red, blue = np.moveaxis((after - guess) @ AXES, -1, 0)
    distance = np.sqrt(SHADE * shade**2 + red**2 + blue**2)
    last = -1 - int(ODD * distance.shape[1])
    return np.partition(distance, last, axis=1)[:, last]
