"""Turns small grey pictures into perceptual hashes, all at once, bit by bit those of imagehash."""

import numpy as np
import scipy.fft

SIDE = 32  # pixels of a picture that is hashed; imagehash's phash shrinks to it
KEPT = 8  # lowest frequencies a side: 64 bits


def hash_greys(greys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of pictures and of their mirror images, uint64 of shape (n,).

    `greys` is uint8 of shape (n, 32, 32). A mirror image has the same frequencies, the odd ones
    across with the other sign: no picture is mirrored. After imagehash.phash (Buchner).
    """
    # as imagehash: float64, down before across
    down = scipy.fft.dct(greys.astype(np.float64), axis=1)[:, :KEPT]
    low = scipy.fft.dct(down, axis=2)[:, :, :KEPT]
    return _pack(low), _pack(low * (-1.0) ** np.arange(KEPT))


def _pack(low: np.ndarray) -> np.ndarray:
    flat = low.reshape(len(low), KEPT * KEPT)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    # the first bit is the highest, as in imagehash's text
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).reshape(-1)
