"""Remembers each picture's split, so that it stays there when other pictures come."""

from collections.abc import Mapping

import pandas as pd

from foodcls.manifest import OWN_SOURCE, cluster_names, kept_rows
from foodcls.recipe.data_settings import Split
from foodcls.split.split import share_of_test
from foodcls.store.store import Store, digest_json

KIND = "side/1"


def recall_assignments(manifest: pd.DataFrame, store: Store, settings: Split) -> dict[str, str]:
    """The split of each picture that was in one before, under the same seed and shares."""
    keys = _keys(manifest, manifest["id"], settings)
    found = store.recall(KIND, keys.values())
    return {digest: found[key] for digest, key in keys.items() if key in found}


def remember_assignments(parted: pd.DataFrame, store: Store, settings: Split) -> None:
    """Keep the split of each kept picture, and of those that look like it, dropped or not."""
    names, kept = cluster_names(parted), kept_rows(parted, "source", "split")
    # where own photos are taken away, what looks like them goes back to where it was
    is_own = kept["source"] == OWN_SOURCE
    kept = kept[~names[kept.index].isin(set(names[kept.index[is_own]]))]
    assigned = dict(zip(names[kept.index], kept["split"], strict=True))
    like = parted["id"][names.isin(set(assigned)) & (parted["id"] != "")]
    keys = _keys(parted, like, settings)
    by_id = dict(zip(like, names[like.index].map(assigned), strict=True))
    told = {keys[digest]: name for digest, name in by_id.items()}
    known = store.recall(KIND, told)
    store.remember(KIND, {key: name for key, name in told.items() if known.get(key) != name})


def _keys(manifest: pd.DataFrame, ids: pd.Series, settings: Split) -> Mapping[str, str]:
    # other shares draw anew: a test split that shrinks must give pictures up
    asked = [settings.seed, settings.val, share_of_test(manifest, settings)]
    return {digest: digest_json([*asked, digest]) for digest in ids.unique() if digest}
