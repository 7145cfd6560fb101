"""Assigns clusters of pictures to training, validation and test; no cluster is ever parted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from foodcls.errors import StageError
from foodcls.manifest import drop_rows, kept_rows
from foodcls.settings import Split

TEST_SOURCE = "test"


@dataclass
class _Cluster:
    name: str
    labels: set[str]
    place: float  # in [0, 1), by the seed and the name alone
    split: str


def split(manifest: pd.DataFrame, settings: Split, labels: Sequence[str]) -> pd.DataFrame:
    """Fill `split` of the kept rows: each class's clusters in about the recipe's shares.

    A cluster's place is a hash of seed and cluster, so that pictures that come or go later move
    no other. A class that gets no picture of a split by chance is given the cluster that came
    nearest to it. Rows of an outside test set (source "test") are the test split, and no other
    is cut then; pictures that look like one of them are dropped. StageError when a class has too
    few clusters.
    """
    rows = kept_rows(manifest)
    is_outside = rows["source"] == TEST_SOURCE
    test_share = 0.0 if is_outside.any() else settings.test
    # without dedup every picture is a cluster of its own
    names = rows["cluster"].where(rows["cluster"] != "", rows["id"])
    outside = set(names[is_outside])
    inside = rows[~names.isin(outside)]
    clusters = _clusters(names[inside.index], inside["label"], settings, test_share)
    _give_each(clusters, labels, test_share)
    marked = _drop_leaks(manifest, names[~is_outside & names.isin(outside)])
    marked.loc[rows.index[is_outside], "split"] = "test"
    marked.loc[inside.index, "split"] = [clusters[name].split for name in names[inside.index]]
    return marked


def place_of(seed: int, name: str) -> float:
    """A number in [0, 1) that depends on seed and name alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    # 53 bits: more would round up to 1.0
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def _clusters(
    names: pd.Series, labels: pd.Series, settings: Split, test_share: float
) -> dict[str, _Cluster]:
    found: dict[str, _Cluster] = {}
    for name, label in zip(names, labels, strict=True):
        if name not in found:
            place = place_of(settings.seed, name)
            found[name] = _Cluster(name, set(), place, _side(place, settings.val, test_share))
        found[name].labels.add(label)
    return found


def _side(place: float, val: float, test: float) -> str:
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
        for side in wanted:
            if not any(item.split == side for item in own[label]):
                _move_one(own, label, side)


def _move_one(own: dict[str, list[_Cluster]], label: str, side: str) -> None:
    # from the near end: the lowest place for validation, the highest for training
    nearest = reversed(own[label]) if side == "train" else own[label]
    for item in nearest:
        if all(_has_another(own[name], item) for name in item.labels if name in own):
            item.split = side
            return
    raise _too_few({label: len(own[label])}, (side,))


def _has_another(items: list[_Cluster], chosen: _Cluster) -> bool:
    return any(item.split == chosen.split for item in items if item is not chosen)


def _too_few(poor: dict[str, int], wanted: Sequence[str]) -> StageError:
    counts = ", ".join(f"{label}: {count}" for label, count in poor.items())
    return StageError(
        f"too few different pictures for {', '.join(wanted)}, which need at least {len(wanted)} "
        f"of each class (near duplicates count as one): {counts}; collect more pictures of these "
        "classes, drop fewer, or take the classes out of the recipe"
    )


def _drop_leaks(manifest: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    # what the test set holds must not be learned, nor may the frozen set take it in
    reasons = [f"looks like test picture {name[:12]}" for name in names]
    return drop_rows(manifest, dict(zip(names.index, reasons, strict=True)), "split")
