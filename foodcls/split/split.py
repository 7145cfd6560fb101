"""Assigns clusters of look-alikes to training, validation and test, each cluster as a whole."""

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from foodcls.errors import StageError
from foodcls.manifest import OWN_SOURCE, TEST_SOURCE, drop_rows, kept_rows
from foodcls.recipe.data_settings import Split

LOG = logging.getLogger(__name__)

SHOWN = 10  # names in a message
# a class may be off its share by this many pictures, and by this share of it without a warning
NEAR, FAR = 1, 0.05
OFF = (
    "%s: %d of %d pictures are %s, %.1f were asked for: look-alikes stay together, and pictures "
    "where they stood before; more different pictures would even it out"
)
LOST_OWN = "%d own photos look like test pictures and are left out: %s"
LIKE_TESTS = "all look like test pictures"
LIKE_OWN = "%d pictures held out before look like own photos, and are held out no more: %s"
# where look-alikes were assigned to several splits before, all go to the first of these
STRONGEST = ("test", "val", "train")


@dataclass
class _Cluster:
    name: str
    sizes: Counter[str]  # pictures by label
    place: float  # in [0, 1), by the seed and the name alone
    split: str
    stood: bool  # there before


Moves = tuple[tuple[_Cluster, str], ...]  # clusters and the splits that they go to


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
    _settle_all(clusters, labels, shares)
    reasons = {row: f"looks like test picture {names[row][:12]}" for row in leaks}
    reasons |= {row: f"looks like a {assigned[names[row]]} picture" for row in parted}
    reasons |= dict.fromkeys(parted[names[parted].isin(set(names[own]))], "looks like an own photo")
    # what the test set holds must not be learned, nor may the frozen set take it in
    marked = drop_rows(manifest, reasons, "split")
    marked.loc[rows.index[is_outside], "split"] = "test"
    marked.loc[own, "split"] = "own"
    marked.loc[near_own, "split"] = "train"
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
) -> dict[str, _Cluster]:
    found: dict[str, _Cluster] = {}
    for name, label in zip(names, labels, strict=True):
        if name not in found:
            place = unit_hash(settings.seed, name)
            chosen = assigned.get(name) or _draw_split(place, settings.val, test_share)
            found[name] = _Cluster(name, Counter(), place, chosen, name in assigned)
        found[name].sizes[label] += 1
    return found


def _draw_split(place: float, val: float, test: float) -> str:
    if place < val:
        return "val"
    return "test" if place < val + test else "train"


def _settle_all(
    clusters: dict[str, _Cluster], labels: Sequence[str], shares: Mapping[str, float]
) -> None:
    """Move clusters where chance has left a split of a class empty, or off its share."""
    ordered = sorted(clusters.values(), key=lambda item: (item.place, item.name))
    own = {label: [item for item in ordered if label in item.sizes] for label in labels}
    poor = {label: len(items) for label, items in own.items() if len(items) < len(shares)}
    if poor:
        raise _too_few(poor, list(shares))
    for label in labels:
        _settle(own, label, shares)


def _settle(own: dict[str, list[_Cluster]], label: str, shares: Mapping[str, float]) -> None:
    """Move clusters of a class until no move, and no two at once, do it any good."""
    counts: Counter[str] = Counter()
    for item in own[label]:
        counts[item.split] += item.sizes[label]
    goals = {name: share * counts.total() for name, share in shares.items()}

    def after(moves: Moves) -> Counter[str]:
        changed = Counter(counts)
        for item, split in moves:
            changed[item.split] -= item.sizes[label]
            changed[split] += item.sizes[label]
        return changed

    def cost(moves: Moves) -> tuple[int, int, float]:
        found = after(moves)
        empty = sum(found[name] == 0 for name in goals)
        gaps = (max(0.0, abs(found[name] - goal) - NEAR) for name, goal in goals.items())
        return empty, sum(item.stood for item, _ in moves), sum(gaps)

    while moves := min(_list_moves(own, label, shares), key=cost):
        counts = after(moves)
        for item, split in moves:
            item.split = split
    if not all(counts[name] for name in goals):
        raise _too_few({label: len(own[label])}, list(goals))
    for name, goal in goals.items():
        if abs(counts[name] - goal) > max(NEAR, FAR * counts.total()):
            LOG.warning(OFF, label, counts[name], counts.total(), name, goal)


def _list_moves(
    own: dict[str, list[_Cluster]], label: str, shares: Mapping[str, float]
) -> list[Moves]:
    """No move, single ones and pairs: of clusters alike in all but place, the nearest moves."""
    ones: list[Moves] = []
    start = 0.0
    for split, share in shares.items():
        # of several of one kind the last stays: that which chance brought nearest
        order = sorted(
            own[label], key=lambda item: min(item.place - start, start + share - item.place)
        )
        kinds = {
            (item.split, item.sizes[label], item.stood, len(item.sizes)): item for item in order
        }
        ones += [((item, split),) for item in kinds.values() if _may_move(own, item, split)]
        start += share
    twos = [one + two for one, two in combinations(ones, 2) if one[0][0] is not two[0][0]]
    return [(), *ones, *twos]


def _may_move(own: dict[str, list[_Cluster]], item: _Cluster, split: str) -> bool:
    """Whether a cluster is elsewhere, and is the last one of its split in no class."""
    rest = (own[name] for name in item.sizes if name in own)
    return item.split != split and all(
        any(other.split == item.split for other in items if other is not item) for items in rest
    )


def _too_few(poor: dict[str, int], wanted: Sequence[str]) -> StageError:
    counts = ", ".join(f"{label}: {count}" for label, count in poor.items())
    return StageError(
        f"too few different pictures for {', '.join(wanted)}, which need at least {len(wanted)} "
        f"of each class (near duplicates count as one): {counts}; collect more pictures of these "
        "classes, drop fewer, or take the classes out of the recipe"
    )
