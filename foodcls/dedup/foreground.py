"""Tells how much what stands before a plain ground is alike in two pictures.

White around two dishes makes them correlate, whatever they are: so the ground that both have is
left out. Pictures without a plain ground are compared as a whole.
"""

import numpy as np

PLAIN = 12  # levels of 255 within which a cell is of its border's colour
BORDER = 0.7  # of the border's cells that a plain ground has
# share of the cells that has to stand before the ground for anything to be told
LEAST = 0.02


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
