"""Finds pictures that look like others which were told to be forgotten, and drops them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from foodcls.dedup.pairs import ALIKE_BITS, EXACT, REACH, SAME, find_pairs
from foodcls.image.hashes import (
    TABLE_KIND,
    Fingerprint,
    Fingerprints,
    join_fingerprints,
    pack_fingerprints,
)
from foodcls.inspect.fingerprints import recall_fingerprints
from foodcls.manifest import FORGOTTEN, drop_rows, kept_rows, picture_blobs
from foodcls.recipe.data_settings import Dedup
from foodcls.store.store import Store
from foodcls.work.parallel import Spread, in_threads

# whatever a recipe says: what one has forgotten is forgotten by all
USUAL = Dedup()
WIDEST = max(REACH, USUAL.distance + ALIKE_BITS)  # bits; no search compares pairs beyond


def drop_blocked(
    manifest: pd.DataFrame,
    store: Store,
    blocked: Mapping[str, tuple[str, ...]],
    spread: Spread = in_threads,
) -> pd.DataFrame:
    """Drop kept rows that look like one of the blocked; also those of the test set.

    `blocked` are the fields of fingerprints by id.
    """
    if not blocked:
        return manifest
    rows = kept_rows(manifest, "id", "picture")
    looks = find_lookalikes(rows, store, blocked, spread)
    reasons = {
        index: f"{FORGOTTEN}it looks like {looks[digest][:16]}, which is to be forgotten"
        for index, digest in zip(rows.index, rows["id"], strict=True)
        if digest in looks
    }
    return drop_rows(manifest, reasons, "dedup")


def find_lookalikes(
    rows: pd.DataFrame,
    store: Store,
    blocked: Mapping[str, tuple[str, ...]],
    spread: Spread = in_threads,
) -> dict[str, str]:
    """By the id of each picture of `rows` that looks like a blocked one: that one's id."""
    contents = rows.drop_duplicates("id")
    ids = list(contents["id"])
    blobs = dict(zip(ids, picture_blobs(contents), strict=True))
    theirs = pack_fingerprints(Fingerprint(*fields) for fields in blocked.values())
    own = recall_fingerprints(store, blobs, TABLE_KIND, spread)
    names, found, near = list(blocked), dict[str, str](), _within_reach(theirs, own)
    # among more than EXACT a search may pass over a pair
    half = EXACT // 2
    for first in range(0, len(theirs), half):
        some = theirs.pick(slice(first, first + half))
        step = EXACT - len(some)
        for start in range(0, len(near), step):
            part = near[start : start + step]
            for place, which in _near_blocked(some, own.pick(part)).items():
                found.setdefault(ids[part[place]], names[first + which])
    return found


def _within_reach(theirs: Fingerprints, own: Fingerprints) -> np.ndarray:
    """Places of those of ours that a search can find beside one of theirs, by their hashes."""
    is_near = np.zeros(len(own), bool)
    for straight, mirror in zip(theirs.hashes, theirs.mirrors, strict=True):
        for one, other in ((own.hashes, straight), (own.hashes, mirror), (own.mirrors, straight)):
            is_near |= np.bitwise_count(one ^ other) <= WIDEST
    return np.flatnonzero(is_near)


def _near_blocked(theirs: Fingerprints, own: Fingerprints) -> dict[int, int]:
    """By the place of each of our pictures that looks like one of theirs: that one's place."""
    pairs = find_pairs(join_fingerprints([theirs, own]), USUAL).pairs
    count = len(theirs)
    # a pair's left place is the lower one
    is_meant = (pairs.left < count) & (pairs.right >= count) & (pairs.correlation >= SAME)
    return {
        int(pairs.right[place]) - count: int(pairs.left[place])
        for place in np.flatnonzero(is_meant)[::-1]
    }
