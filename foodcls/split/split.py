"""Assigns clusters of look-alikes to training, validation and test, each cluster as a whole."""

import hashlib
import logging
from collections.abc import Mapping, Sequence

import pandas as pd

from foodcls.errors import StageError
from foodcls.manifest import OWN_SOURCE, TEST_SOURCE, drop_rows, kept_rows
from foodcls.recipe.data_settings import Split
from foodcls.split.settle import Cluster, settle_clusters

LOG = logging.getLogger(__name__)

SHOWN = 10  # names in a message
LOST_OWN = "%d own photos look like test pictures and are left out: %s"
LIKE_TESTS = "all look like test pictures"
LIKE_OWN = "%d pictures held out before look like own photos, and are held out no more: %s"
# where look-alikes were assigned to several splits before, all go to the first of these
STRONGEST = ("test", "val", "train")


def split(
    manifest: pd.DataFrame,
    settings: Split,
    labels: Sequence[str],
    before: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Fill `split` of the kept rows: each class's pictures in the recipe's shares.

    A cluster is drawn by a hash of seed and cluster; `before` has by id where pictures stood
    earlier, and they stay there with all that look like them. Where a new picture shows that two
    of them are alike, the one that was learnt from is dropped. Where chance leaves a class off its
    shares, the clusters that came nearest to another split are moved there, as few as can be; what
    stays off, as look-alikes are not parted, is warned of. Rows of an outside test set (source
    "test") are the test split, and no other is cut then; pictures that look like one of them are
    dropped. Own photos (source "own") are the split "own"; pictures that look like one of them are
    learnt from, and judge nothing. StageError when a class has too few clusters.
    """
    rows, names = kept_rows(manifest), cluster_names(manifest)
    is_outside = rows["source"] == TEST_SOURCE
    outside = set(names[rows.index[is_outside]])
    leaks = rows.index[~is_outside & names[rows.index].isin(outside)]
    own = rows.index[rows["source"] == OWN_SOURCE].difference(leaks)
    _tell_own(manifest, names, own, before or {})
    assigned = _earlier_splits(manifest, names, before or {}) | dict.fromkeys(names[own], "train")
    parted = _reassigned_rows(rows, names, assigned, before or {}).difference(own)
    near_own = rows.index[names[rows.index].isin(set(names[own]))].difference(own.union(parted))
    placed = leaks.union(parted).union(own).union(near_own)
    inside = rows.drop(index=rows.index[is_outside]).drop(index=placed)
    test_share = share_of_test(manifest, settings)
    shares = {"val": settings.val} | ({"test": test_share} if test_share else {})
    shares["train"] = 1 - sum(shares.values())
    clusters = _clusters(names[inside.index], inside["label"], settings, test_share, assigned)
    settle_clusters(clusters, labels, shares)
    reasons = {row: f"looks like test picture {name[:12]}"
               for row, name in zip(leaks, names[leaks], strict=True)}  # fmt: skip
    reasons |= {row: f"looks like a {assigned[name]} picture"
                for row, name in zip(parted, names[parted], strict=True)}  # fmt: skip
    reasons |= dict.fromkeys(parted[names[parted].isin(set(names[own]))], "looks like an own photo")
    # what the test set holds must not be learned, nor may the frozen set take it in
    marked = drop_rows(manifest, reasons, "split")
    marked.loc[rows.index[is_outside], "split"] = "test"
    marked.loc[own, "split"] = "own"
    marked.loc[near_own, "split"] = "train"
    marked.loc[inside.index, "split"] = [
        clusters[name].split for name in names[inside.index].tolist()
    ]
    return marked


def cluster_names(manifest: pd.DataFrame) -> pd.Series:
    """The cluster of each row; without dedup every picture is a cluster of its own."""
    return manifest["cluster"].where(manifest["cluster"] != "", manifest["id"])


def share_of_test(manifest: pd.DataFrame, settings: Split) -> float:
    """The share of pictures to hold out for testing; 0 where an outside test set is given."""
    return 0.0 if (kept_rows(manifest)["source"] == TEST_SOURCE).any() else settings.test


def unit_hash(seed: int, name: str) -> float:
    """A number in [0, 1) that depends on seed and name alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    # 53 bits: more would round up to 1.0
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def _tell_own(
    manifest: pd.DataFrame, names: pd.Series, own: pd.Index, before: Mapping[str, str]
) -> None:
    """Name what own photos and held-out pictures have in common; StageError if no photo is left."""
    is_own = manifest["source"] == OWN_SOURCE
    tested = set(names[manifest["source"] == TEST_SOURCE])
    if lost := sorted(manifest.loc[is_own & names.isin(tested), "origin"]):
        LOG.warning(LOST_OWN, len(lost), ", ".join(lost[:SHOWN]))
    held_out = manifest["id"].map(before).isin(("val", "test")) & ~is_own
    if gone := sorted(manifest.loc[held_out & names.isin(set(names[own])), "origin"]):
        LOG.warning(LIKE_OWN, len(gone), ", ".join(gone[:SHOWN]))
    if is_own.any() and own.empty:
        why = ", ".join(sorted(set(manifest.loc[is_own, "reason"]) - {""})[:SHOWN])
        raise StageError(
            f"own.folder: none of its {is_own.sum()} photos is left: {why or LIKE_TESTS}; "
            "give others, or take `own` out of the recipe"
        )


def _earlier_splits(
    manifest: pd.DataFrame, names: pd.Series, before: Mapping[str, str]
) -> dict[str, str]:
    """The split of each cluster that a picture, dropped or not, was assigned to before."""
    stood = manifest["id"].map(before).dropna()
    found: dict[str, set[str]] = {}
    for name, one in zip(names[stood.index], stood, strict=True):
        found.setdefault(name, set()).add(one)
    return {name: next(one for one in STRONGEST if one in ones) for name, ones in found.items()}


def _reassigned_rows(
    rows: pd.DataFrame,
    names: pd.Series,
    assigned: Mapping[str, str],
    before: Mapping[str, str],
) -> pd.Index:
    """Index labels of kept rows that were in another split than those that look like them."""
    own = rows["id"].map(before).dropna()
    return own.index[own != names[own.index].map(assigned)]


def _clusters(
    names: pd.Series,
    labels: pd.Series,
    settings: Split,
    test_share: float,
    assigned: Mapping[str, str],
) -> dict[str, Cluster]:
    found: dict[str, Cluster] = {}
    # of lists: to go through a column itself takes twenty times as long
    for name, label in zip(names.tolist(), labels.tolist(), strict=True):
        if (item := found.get(name)) is None:
            place = unit_hash(settings.seed, name)
            chosen = assigned.get(name) or _draw_split(place, settings.val, test_share)
            found[name] = Cluster(name, {label: 1}, place, chosen, name in assigned)
        else:
            item.sizes[label] = item.sizes.get(label, 0) + 1
    return found


def _draw_split(place: float, val: float, test: float) -> str:
    if place < val:
        return "val"
    return "test" if place < val + test else "train"
