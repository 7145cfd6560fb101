"""Tells how far apart the colours of two like pictures are, brightness and contrast aside.

Thumbnails that correlate have their light and dark in the same places: so have two soups in one
bowl on white.
"""

import numpy as np

ODD = 0.1  # of the cells may differ by more: a watermark, a caption
SHADE = 0.5  # how much of a difference in brightness counts beside one in colour
GAINS = (0.6, 1.67)  # of contrast, within which it is put aside
# levels that a picture may have lost when it was made brighter or darker
DARKEST, BRIGHTEST = 10, 245
# from red, green, blue to brightness (ITU-R BT.601), and what red and blue have beyond it
AXES = np.array(
    [[0.299, 0.701, -0.299], [0.587, -0.587, -0.587], [0.114, -0.114, 0.886]], np.float32
)


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
