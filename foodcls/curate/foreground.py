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
    stands = ~(_ground(one) & _ground(other))
    mask = stands[:, :, None]
    first, second = _about_mean(one, mask), _about_mean(other, mask)
    lengths = np.sqrt(_sums(first * first) * _sums(second * second))
    values = _sums(first * second) / np.maximum(lengths, 1e-3)
    return np.where(stands.mean(axis=1) < LEAST, 1.0, values)


def _ground(pictures: np.ndarray) -> np.ndarray:
    """The cells of a picture's plain ground; none where it has no such ground."""
    side = round(pictures.shape[1] ** 0.5)
    rim = np.zeros((side, side), bool)
    rim[[0, -1]] = rim[:, [0, -1]] = True
    border = rim.ravel()
    colour = np.median(pictures[:, border], axis=1, keepdims=True)
    like = (np.abs(pictures - colour) <= PLAIN).all(axis=2)
    found: np.ndarray = like & (like[:, border].mean(axis=1, keepdims=True) >= BORDER)
    return found


def _about_mean(pictures: np.ndarray, mask: np.ndarray) -> np.ndarray:
    count = np.maximum(3 * mask.sum(axis=(1, 2), keepdims=True), 1)
    return (pictures - (pictures * mask).sum(axis=(1, 2), keepdims=True) / count) * mask


def _sums(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.sum(axis=(1, 2)))
