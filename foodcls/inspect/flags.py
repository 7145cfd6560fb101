"""Turns the measures of pictures into words of advice; drops nothing."""

import pandas as pd

from foodcls.image.quality import Measures
from foodcls.inspect.measures import recall_measures
from foodcls.recipe.data_settings import Quality
from foodcls.store.store import Store

PART = 20_000  # pictures whose measures are held at once: 40 MB


def flag_words(found: Measures, limits: Quality) -> str:
    """The flags that a picture's measures raise, in words separated by blanks."""
    flags = {
        "blurred": found.sharpness < limits.blurred,
        "dark": found.brightness < limits.dark,
        "washed-out": found.contrast < limits.washed_out,
        "low-information": found.information < limits.low_information,
        "odd-shape": found.elongation > limits.odd_shape,
        "tiny": found.side < limits.tiny,
        "broken-profile": found.odd_profile,
    }
    return " ".join(word for word, is_so in flags.items() if is_so)


def flag_pictures(manifest: pd.DataFrame, store: Store, limits: Quality) -> pd.DataFrame:
    """Fill the column `flags` of all pictures that were found sound, dropped later or not.

    What `inspect` has not remembered is measured here. Augmented copies have no flags.
    """
    is_original = (manifest["parent"] == "") & (manifest["format"] != "")
    ids = manifest.loc[is_original, "id"]
    distinct, words = ids.unique(), dict[str, str]()
    for start in range(0, len(distinct), PART):
        for digest, found in recall_measures(store, distinct[start : start + PART]).items():
            if flags := flag_words(found, limits):
                words[digest] = flags
    flagged = manifest.copy(deep=False)
    flagged.loc[ids.index, "flags"] = [words.get(digest, "") for digest in ids.tolist()]
    return flagged
