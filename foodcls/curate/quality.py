"""Turns the measures of pictures into words of advice.

Nothing is dropped here. The numbers are remembered without the thresholds: another threshold
measures nothing again.
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from foodcls.curate.decode import BadPicture, decode
from foodcls.curate.measures import VERSION, Measures, measure
from foodcls.curate.memo import Inquiry, each, remembered
from foodcls.progress import silent
from foodcls.settings import Quality
from foodcls.store import Store, key_of

# what Inspect.max_pixels may be at most
LARGEST = 178_000_000
# what needs much memory is decoded one at a time
GATE = threading.Lock()


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
    keys = {digest: _key(digest) for digest in digests}
    work = {key: digest for digest, key in keys.items()}
    found = remembered(store, Inquiry("measures", partial(_measure_all, store)), work, silent)
    facts = {digest: found[key] for digest, key in keys.items()}
    return {digest: Measures(**fact) for digest, fact in facts.items() if fact}


def _measure_all(store: Store, batch: Mapping[str, str]) -> dict[str, Any]:
    return each(store, batch, lambda digest: _measure_file(digest, store, GATE))


def _measure_file(digest: str, store: Store, gate: threading.Lock) -> dict[str, Any] | None:
    # advice is not worth a failed run: what is gone has no flags
    if not store.has(digest):
        return None
    try:
        return asdict(measure(decode(store.read(digest), LARGEST, gate=gate).image))
    except BadPicture:
        return None


def _key(digest: str) -> str:
    return key_of(digest, VERSION)
