"""Remembers on which side of the split a picture stood, so that it stays there when others come."""

from collections.abc import Mapping

import pandas as pd

from foodcls.manifest import kept_rows
from foodcls.recipe.data_settings import Split
from foodcls.split.split import cluster_names, share_of_test
from foodcls.store.store import Store, digest_json

KIND = "side/1"


def recall_sides(manifest: pd.DataFrame, store: Store, settings: Split) -> dict[str, str]:
    """The split of each picture that was in one before, under the same seed and shares."""
    keys = _keys(manifest, manifest["id"], settings)
    found = store.recall(KIND, keys.values())
    return {digest: found[key] for digest, key in keys.items() if key in found}


def remember_sides(parted: pd.DataFrame, store: Store, settings: Split) -> None:
    """Keep the split of each kept picture, and of those that look like it, dropped or not."""
    names, kept = cluster_names(parted), kept_rows(parted)
    sides = dict(zip(names[kept.index], kept["split"], strict=True))
    like = parted[names.isin(set(sides)) & (parted["id"] != "")]
    keys = _keys(parted, like["id"], settings)
    by_id = dict(zip(like["id"], names[like.index].map(sides), strict=True))
    told = {keys[digest]: side for digest, side in by_id.items()}
    known = store.recall(KIND, told)
    store.remember(KIND, {key: side for key, side in told.items() if known.get(key) != side})


def _keys(manifest: pd.DataFrame, ids: pd.Series, settings: Split) -> Mapping[str, str]:
    # other shares draw anew: a test split that shrinks must give pictures up
    asked = [settings.seed, settings.val, share_of_test(manifest, settings)]
    return {digest: digest_json([*asked, digest]) for digest in ids.unique() if digest}
