"""Turns a picture into numbers that tell how good it is.

After the checks of cleanvision, github.com/cleanlab/cleanvision.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# about what a network sees of a picture: finer grain does not count
SIDE = 224  # pixels of the longer side

Gray = NDArray[np.float64]  # luminance of 0 to 255, of shape (height, width)


@dataclass(frozen=True)
class Measures:
    """What `flags.flag_words` judges a picture by; see the function of each name."""

    sharpness: float
    brightness: float
    contrast: float
    information: float
    elongation: float
    side: int  # pixels of the shorter one
    odd_profile: bool = False  # its profile of colors is broken, and was passed over


def measure(image: Image.Image, *, odd_profile: bool = False) -> Measures:
    """Measure an upright RGB picture; of its file's profile no more is known here."""
    gray = shrink_gray(image)
    return Measures(
        sharpness=round(sharpness(gray), 4),
        brightness=round(brightness(gray), 4),
        contrast=round(contrast(gray), 4),
        information=round(information(gray), 4),
        elongation=round(elongation(image), 4),
        side=min(image.size),
        odd_profile=odd_profile,
    )


def shrink_gray(image: Image.Image) -> Gray:
    """Luminance of 0 to 255, the longer side at most SIDE pixels; smaller pictures as they are."""
    scale = min(1.0, SIDE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(small.convert("L"), dtype=np.float64)


def sharpness(gray: Gray) -> float:
    """How steep the steepest edges are: the highest hundredth of steps between two neighbors.

    Divided by the picture's own range, so that a dark or a pale one is not taken for a blurred
    one: 1 is a step over the whole range, 0 a picture of one tone.
    """
    steps = [np.abs(np.diff(gray, axis=axis)).ravel() for axis in (0, 1)]
    low, high = percentiles(gray, 1, 99)
    if high - low < 1 or min(gray.shape) < 2:
        return 0.0
    return min(1.0, percentiles(np.concatenate(steps), 99)[0] / (high - low))


def brightness(gray: Gray) -> float:
    """How bright the bright parts are, from 0 to 1: the luminance that a twentieth exceed."""
    return percentiles(gray, 95)[0] / 255


def contrast(gray: Gray) -> float:
    """How far dark parts are below bright ones, as a share of these: 0 is fog, 1 has true black."""
    low, high = percentiles(gray, 5, 95)
    return (high - low) / high if high else 0.0


def information(gray: Gray) -> float:
    """Entropy of the tones in bits: 0 is one tone, 8 all tones alike."""
    counts = np.bincount(gray.astype(np.uint8).ravel(), minlength=256)
    shares = counts[counts > 0] / gray.size
    return float(-(shares * np.log2(shares)).sum())


def elongation(image: Image.Image) -> float:
    """The longer side over the shorter one: 1 is a square."""
    return max(image.size) / min(image.size)


def percentiles(tones: Gray, *percents: float) -> list[float]:
    """As numpy.percentile of whole numbers from 0 to 255: counted, in a tenth of the time."""
    counts = np.bincount(tones.astype(np.uint8).ravel(), minlength=256).cumsum()
    places = np.array(percents) / 100 * (tones.size - 1)
    low, high = (np.searchsorted(counts, side(places), "right") for side in (np.floor, np.ceil))
    return [float(value) for value in low + (high - low) * (places % 1)]
