"""Derives the training sets of an ablation from a split manifest.

Validation and test rows stay as they are, so that all models are judged by the same pictures.
"""

from collections.abc import Collection

import pandas as pd

from foodcls.manifest import FORGOTTEN, GIVEN, KEPT, cluster_names, drop_rows, kept_rows, split_rows
from foodcls.recipe.data_settings import Split
from foodcls.split.split import share_of_test, unit_hashes

STAGE = "variant"


def take_raw(parted: pd.DataFrame, whole: pd.DataFrame, settings: Split) -> pd.DataFrame:
    """Train on all sound pictures as they arrived: whole, duplicates and a person's drops too."""
    return undo_drops(undo_crop(parted, whole), ("dedup", "filter"), settings)


def undo_crop(parted: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Train on whole pictures; of one that was cut in several, the first row is kept.

    `whole` is the manifest before it was cut.
    """
    learnt = split_rows(parted, "train")
    # an exact copy that `collect` dropped has the same id and no picture
    uncut = kept_rows(whole, "id", "picture")
    pictures = dict(zip(uncut["id"], uncut["picture"], strict=True))
    back = parted.copy()
    back.loc[learnt.index, "picture"] = learnt["id"].map(pictures)
    back.loc[learnt.index, "box"] = ""
    # what is kept after dedup has its id once, but for the pieces it was cut in
    pieces = learnt.index[learnt.duplicated("id")]
    return drop_rows(back, dict.fromkeys(pieces, "piece of a picture that is whole here"), STAGE)


def undo_drops(parted: pd.DataFrame, stages: Collection[str], settings: Split) -> pd.DataFrame:
    """Train also on what these stages dropped, unless it looks like a validation or test picture.

    Without the filter they have the labels again under which they were found. Clusters of dropped
    pictures alone are drawn as `split` draws the others, so that training
    gets the same share of them; the rest of them stay dropped. So does what is to be forgotten.
    """
    names = cluster_names(parted)
    kept = kept_rows(parted, "split")
    assigned = dict(zip(names[kept.index], kept["split"], strict=True))
    is_lost = parted["stage"].isin(stages) & ~parted["reason"].str.startswith(FORGOTTEN)
    lost = names[is_lost & ~parted["source"].isin(GIVEN)]
    drawn = unit_hashes(settings.seed, lost) >= settings.val + share_of_test(parted, settings)
    chosen = [
        row
        for (row, name), is_drawn in zip(lost.items(), drawn, strict=True)
        if (assigned[name] == "train" if name in assigned else is_drawn)
    ]
    back = parted.copy()
    back.loc[chosen, ["stage", "reason", "duplicate_of"]] = ""
    back.loc[chosen, "state"] = KEPT
    back.loc[chosen, "split"] = "train"
    if "filter" in stages:
        # the filter corrects labels too
        learnt = back.index[(back["split"] == "train") & (back["given_label"] != "")]
        back.loc[learnt, "label"] = back.loc[learnt, "given_label"]
        back.loc[learnt, ["given_label", "label_by"]] = ""
    return back
