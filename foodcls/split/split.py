"""Assigns clusters of look-alikes to training, validation and test, each cluster as a whole."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from foodcls.columnar import find_texts
from foodcls.errors import StageError
from foodcls.manifest import KEPT, OWN_SOURCE, TEST_SOURCE, TEXT, cluster_names, drop_rows
from foodcls.recipe.data_settings import Split
from foodcls.split.settle import SPLITS, list_clusters, settle_clusters

LOG = logging.getLogger(__name__)

SHOWN = 10  # names in a message
LOST_OWN = "%d own photos look like test pictures and are left out: %s"
LIKE_TESTS = "all look like test pictures"
LIKE_OWN = "%d pictures held out before look like own photos, and are held out no more: %s"
# numbers of SPLITS; the last stands for none of them
TEST, VAL, TRAIN, NOWHERE = range(4)


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
    names = cluster_names(manifest)
    cluster, named = pd.factorize(names)

    def like(rows: np.ndarray) -> np.ndarray:
        """Which rows are one of these pictures, or look like one."""
        found = np.zeros(len(named), bool)
        found[cluster[rows]] = True
        return np.asarray(found[cluster])

    is_kept = (manifest["state"] == KEPT).to_numpy()
    is_outside = is_kept & (manifest["source"] == TEST_SOURCE).to_numpy()
    leaks = is_kept & ~is_outside & like(is_outside)
    own = is_kept & ~leaks & (manifest["source"] == OWN_SOURCE).to_numpy()
    stood = _earlier_splits(manifest, before or {})
    _tell_own(manifest, own, stood, like)
    assigned = np.full(len(named), NOWHERE)
    np.minimum.at(assigned, cluster, stood)
    assigned[cluster[own]] = TRAIN
    parted = is_kept & ~(own | is_outside) & (stood != NOWHERE) & (stood != assigned[cluster])
    near_own = like(own) & is_kept & ~own & ~parted
    inside = is_kept & ~(is_outside | leaks | parted | own | near_own)
    test_share = share_of_test(manifest, settings)
    shares = {"val": settings.val} | ({"test": test_share} if test_share else {})
    shares["train"] = 1 - sum(shares.values())
    found, number = np.unique(cluster[inside], return_inverse=True)
    place = unit_hashes(settings.seed, named[found])
    drawn = np.select([place < settings.val, place < settings.val + test_share], [VAL, TEST], TRAIN)
    chosen, is_assigned = assigned[found], assigned[found] != NOWHERE
    chosen = np.where(is_assigned, chosen, drawn)
    clusters = list_clusters(number, manifest["label"][inside], labels, place, chosen, is_assigned)
    settle_clusters(clusters, labels, shares)
    reasons = ("looks like test picture " + names[leaks].str.slice(0, 12)).to_dict()
    reasons |= {row: f"looks like a {SPLITS[one]} picture" for row, one in zip(
        manifest.index[parted], assigned[cluster[parted]], strict=True)}  # fmt: skip
    reasons |= dict.fromkeys(manifest.index[parted & like(own)], "looks like an own photo")
    # what the test set holds must not be learned, nor may the frozen set take it in
    marked = drop_rows(manifest, reasons, "split")
    marked.loc[is_outside, "split"] = "test"
    marked.loc[own, "split"] = "own"
    marked.loc[near_own, "split"] = "train"
    marked.loc[inside, "split"] = pd.Index(SPLITS, dtype=TEXT).take(clusters.split[number])
    return marked


def share_of_test(manifest: pd.DataFrame, settings: Split) -> float:
    """The share of pictures to hold out for testing; 0 where an outside test set is given."""
    is_outside = (manifest["state"] == KEPT) & (manifest["source"] == TEST_SOURCE)
    return 0.0 if is_outside.any() else settings.test


def unit_hashes(seed: int, names: Iterable[str]) -> np.ndarray:
    """Numbers in [0, 1) that depend on seed and name alone: float of shape (names,)."""
    listed = names.tolist() if isinstance(names, pd.Series | pd.Index) else names
    digests = [hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8] for name in listed]
    # 53 bits: more would round up to 1.0
    return (np.frombuffer(b"".join(digests), ">u8") >> 11) / 2**53


def _tell_own(
    manifest: pd.DataFrame,
    own: np.ndarray,
    stood: np.ndarray,
    like: Callable[[np.ndarray], np.ndarray],
) -> None:
    """Name what own photos and held-out pictures have in common; StageError if no photo is left."""
    is_own = (manifest["source"] == OWN_SOURCE).to_numpy()
    arrived = (manifest["id"] != "").to_numpy()
    tested = like(arrived & (manifest["source"] == TEST_SOURCE).to_numpy())
    if lost := sorted(manifest["origin"][is_own & tested]):
        LOG.warning(LOST_OWN, len(lost), ", ".join(lost[:SHOWN]))
    held_out = (stood == TEST) | (stood == VAL)
    if gone := sorted(manifest["origin"][held_out & ~is_own & like(own)]):
        LOG.warning(LIKE_OWN, len(gone), ", ".join(gone[:SHOWN]))
    if is_own.any() and not own.any():
        why = ", ".join(sorted(set(manifest["reason"][is_own]) - {""})[:SHOWN])
        raise StageError(
            f"own.folder: none of its {is_own.sum()} photos is left: {why or LIKE_TESTS}; "
            "give others, or take `own` out of the recipe"
        )


def _earlier_splits(manifest: pd.DataFrame, before: Mapping[str, str]) -> np.ndarray:
    """The split that each picture, dropped or not, was assigned to before, else NOWHERE."""
    numbers = np.array([*map(SPLITS.index, before.values()), NOWHERE])
    return np.asarray(numbers[find_texts(manifest["id"], before)])
