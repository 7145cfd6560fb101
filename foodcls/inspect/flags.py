"""Turns the measures of pictures into words of advice; drops nothing."""

import pandas as pd

from foodcls.image.quality import Measures
from foodcls.inspect.measures import recall_measures
from foodcls.recipe.data_settings import Quality
from foodcls.store.store import Store


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
    rows = manifest[is_original]
    words = {
        digest: flag_words(found, limits)
        for digest, found in recall_measures(store, rows["id"].unique()).items()
    }
    flagged = manifest.copy()
    flagged.loc[rows.index, "flags"] = [words.get(digest, "") for digest in rows["id"].tolist()]
    return flagged
