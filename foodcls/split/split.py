"""Assigns clusters of look-alikes to training, validation and test, each cluster as a whole."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from foodcls.errors import StageError
from foodcls.manifest import TEST_SOURCE, drop_rows, kept_rows
from foodcls.recipe.data_settings import Split

# where look-alikes were assigned to several splits before, all go to the first of these
STRONGEST = ("test", "val", "train")


@dataclass
class _Cluster:
    name: str
    labels: set[str]
    place: float  # in [0, 1), by the seed and the name alone
    split: str


def split(
    manifest: pd.DataFrame,
    settings: Split,
    labels: Sequence[str],
    before: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Fill `split` of the kept rows: each class's clusters in about the recipe's shares.

    A cluster's place is a hash of seed and cluster, so that pictures that come or go later move
    no other; `before` has by id where pictures stood earlier, and they stay there with all that
    look like them. Where a new picture shows that two of them are alike, the one that was learnt
    from is dropped. A class that gets no picture of a split by chance is given the cluster that
    came nearest to it. Rows of an outside test set (source "test") are the test split, and no
    other is cut then; pictures that look like one of them are dropped. StageError when a class
    has too few clusters.
    """
    rows, names = kept_rows(manifest), cluster_names(manifest)
    is_outside = rows["source"] == TEST_SOURCE
    outside = set(names[rows.index[is_outside]])
    leaks = rows.index[~is_outside & names[rows.index].isin(outside)]
    assigned = _earlier_splits(manifest, names, before or {})
    parted = _reassigned_rows(rows, names, assigned, before or {})
    inside = rows.drop(index=rows.index[is_outside]).drop(index=leaks.union(parted))
    test_share = share_of_test(manifest, settings)
    clusters = _clusters(names[inside.index], inside["label"], settings, test_share, assigned)
    _give_each(clusters, labels, test_share)
    reasons = {row: f"looks like test picture {names[row][:12]}" for row in leaks}
    reasons |= {row: f"looks like a {assigned[names[row]]} picture" for row in parted}
    # what the test set holds must not be learned, nor may the frozen set take it in
    marked = drop_rows(manifest, reasons, "split")
    marked.loc[rows.index[is_outside], "split"] = "test"
    marked.loc[inside.index, "split"] = [clusters[name].split for name in names[inside.index]]
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
    rows: pd.DataFrame, names: pd.Series, assigned: Mapping[str, str], before: Mapping[str, str]
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
) -> dict[str, _Cluster]:
    found: dict[str, _Cluster] = {}
    for name, label in zip(names, labels, strict=True):
        if name not in found:
            place = unit_hash(settings.seed, name)
            chosen = assigned.get(name) or _draw_split(place, settings.val, test_share)
            found[name] = _Cluster(name, set(), place, chosen)
        found[name].labels.add(label)
    return found


def _draw_split(place: float, val: float, test: float) -> str:
    if place < val:
        return "val"
    return "test" if place < val + test else "train"


def _give_each(clusters: dict[str, _Cluster], labels: Sequence[str], test_share: float) -> None:
    """Move a cluster into each split of a class that chance has left empty."""
    wanted = ("val", "test", "train") if test_share else ("val", "train")
    ordered = sorted(clusters.values(), key=lambda item: (item.place, item.name))
    own = {label: [item for item in ordered if label in item.labels] for label in labels}
    poor = {label: len(items) for label, items in own.items() if len(items) < len(wanted)}
    if poor:
        raise _too_few(poor, wanted)
    for label in labels:
        for wanted_split in wanted:
            if not any(item.split == wanted_split for item in own[label]):
                _move_one(own, label, wanted_split)


def _move_one(own: dict[str, list[_Cluster]], label: str, wanted_split: str) -> None:
    # from the near end: the lowest place for validation, the highest for training
    nearest = reversed(own[label]) if wanted_split == "train" else own[label]
    for item in nearest:
        if all(_has_another(own[name], item) for name in item.labels if name in own):
            item.split = wanted_split
            return
    raise _too_few({label: len(own[label])}, (wanted_split,))


def _has_another(items: list[_Cluster], chosen: _Cluster) -> bool:
    return any(item.split == chosen.split for item in items if item is not chosen)


def _too_few(poor: dict[str, int], wanted: Sequence[str]) -> StageError:
    counts = ", ".join(f"{label}: {count}" for label, count in poor.items())
    return StageError(
        f"too few different pictures for {', '.join(wanted)}, which need at least {len(wanted)} "
        f"of each class (near duplicates count as one): {counts}; collect more pictures of these "
        "classes, drop fewer, or take the classes out of the recipe"
    )
