"""Turns a picture into numbers that tell how good it is, and these into words of advice.

Nothing is dropped here. The numbers are remembered without the thresholds: another threshold
measures nothing again. After the checks of cleanvision, github.com/cleanlab/cleanvision.
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from foodcls.curate.decode import BadPicture, decode
from foodcls.curate.memo import remembered
from foodcls.progress import silent
from foodcls.settings import Quality
from foodcls.store import Store, digest_json

# raise when the same picture may give other numbers than before
VERSION = 1
# about what a network sees of a picture: finer grain does not count
SIDE = 224  # pixels of the longer side
# what Inspect.max_pixels may be at most
LARGEST = 178_000_000

Grey = NDArray[np.float64]


@dataclass(frozen=True)
class Measures:
    """What `flag_words` judges a picture by; see the function of each name."""

    sharpness: float
    brightness: float
    contrast: float
    information: float
    elongation: float
    side: int  # pixels of the shorter one


def measure(image: Image.Image) -> Measures:
    """Measure an upright RGB picture."""
    grey = shrink_grey(image)
    return Measures(
        sharpness=round(sharpness(grey), 4),
        brightness=round(brightness(grey), 4),
        contrast=round(contrast(grey), 4),
        information=round(information(grey), 4),
        elongation=round(elongation(image), 4),
        side=min(image.size),
    )


def shrink_grey(image: Image.Image) -> Grey:
    """Luminance of 0 to 255, the longer side at most SIDE pixels; smaller pictures as they are."""
    scale = min(1.0, SIDE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(small.convert("L"), dtype=np.float64)


def sharpness(grey: Grey) -> float:
    """How steep the steepest edges are: the highest hundredth of steps between two neighbours.

    Divided by the picture's own range, so that a dark or a pale one is not taken for a blurred
    one: 1 is a step over the whole range, 0 a picture of one tone.
    """
    steps = [np.abs(np.diff(grey, axis=axis)).ravel() for axis in (0, 1)]
    low, high = np.percentile(grey, (1, 99))
    if high - low < 1 or min(grey.shape) < 2:
        return 0.0
    return float(min(1.0, np.percentile(np.concatenate(steps), 99) / (high - low)))


def brightness(grey: Grey) -> float:
    """How bright the bright parts are, from 0 to 1: the luminance that a twentieth exceed."""
    return float(np.percentile(grey, 95) / 255)


def contrast(grey: Grey) -> float:
    """How far dark parts are below bright ones, as a share of these: 0 is fog, 1 has true black."""
    low, high = np.percentile(grey, (5, 95))
    return float((high - low) / high) if high else 0.0


def information(grey: Grey) -> float:
    """Entropy of the tones in bits: 0 is one tone, 8 all tones alike."""
    counts = np.bincount(grey.astype(np.uint8).ravel(), minlength=256)
    shares = counts[counts > 0] / grey.size
    return float(-(shares * np.log2(shares)).sum())


def elongation(image: Image.Image) -> float:
    """The longer side over the shorter one: 1 is a square."""
    return max(image.size) / min(image.size)


def flag_words(found: Measures, limits: Quality) -> str:
    """What is to be said against a picture, in words separated by blanks."""
    flags = {
        "blurred": found.sharpness < limits.blurred,
        "dark": found.brightness < limits.dark,
        "washed-out": found.contrast < limits.washed_out,
        "low-information": found.information < limits.low_information,
        "odd-shape": found.elongation > limits.odd_shape,
        "tiny": found.side < limits.tiny,
    }
    return " ".join(word for word, is_so in flags.items() if is_so)


def flag_pictures(manifest: pd.DataFrame, store: Store, limits: Quality) -> pd.DataFrame:
    """Fill the column `flags` of all pictures that were found sound, dropped later or not.

    What `inspect` has not remembered is measured here. Augmented copies have no flags.
    """
    is_original = (manifest["parent"] == "") & (manifest["format"] != "")
    rows = manifest[is_original]
    words = {
        digest: flag_words(found, limits)
        for digest, found in recall_measures(store, rows["id"].unique()).items()
    }
    flagged = manifest.copy()
    flagged.loc[rows.index, "flags"] = [words.get(digest, "") for digest in rows["id"]]
    return flagged


def remember_measures(store: Store, found: Mapping[str, Measures]) -> None:
    """Keep measures by the picture's id, for `recall_measures`."""
    store.remember("measures", {_key(digest): asdict(item) for digest, item in found.items()})


def recall_measures(store: Store, digests: Any) -> dict[str, Measures]:
    """Measures by the picture's id; those not remembered are made from its file, if it is there."""
    gate = threading.Lock()
    keys = {digest: _key(digest) for digest in digests}
    work = {key: digest for digest, key in keys.items()}
    found = remembered(
        store, "measures", work, lambda digest: _measure_file(digest, store, gate), silent
    )
    facts = {digest: found[key] for digest, key in keys.items()}
    return {digest: Measures(**fact) for digest, fact in facts.items() if fact}


def _measure_file(digest: str, store: Store, gate: threading.Lock) -> dict[str, Any] | None:
    # advice is not worth a failed run: what is gone has no flags
    if not store.has(digest):
        return None
    try:
        return asdict(measure(decode(store.read(digest), LARGEST, gate=gate).image))
    except BadPicture:
        return None


def _key(digest: str) -> str:
    return digest_json([VERSION, digest])
