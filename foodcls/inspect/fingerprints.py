"""Remembers the fingerprints of pictures in the store, and computes those it does not know."""

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from foodcls.image.decode import load_picture
from foodcls.image.hashes import (
    THUMBNAIL_SIDE,
    Fingerprint,
    Fingerprints,
    fingerprint,
    pack_fingerprints,
)
from foodcls.progress import silent
from foodcls.store.store import Store, key_of
from foodcls.work.code_digest import code_digest
from foodcls.work.memo import MemoizedMap, map_batch, map_memoized
from foodcls.work.parallel import Spread, in_threads

# fingerprints read from the store together: 40 MiB as text
BATCH = 10_000


def remember_fingerprints(store: Store, prints: Mapping[str, Fingerprint], kind: str) -> None:
    """Keep fingerprints by the picture's id, for `recall_fingerprints`."""
    facts = {_key(digest, kind): vars(one) for digest, one in prints.items()}
    store.remember("fingerprint", facts)


def recall_fingerprints(
    store: Store, pictures: Mapping[str, str], kind: str, spread: Spread = in_threads
) -> Fingerprints:
    """Fingerprints in the order of `pictures`, ids with the blobs that hold the upright pictures.

    Those not remembered are computed from the blob.
    """
    every, count = iter(pictures.items()), len(pictures)
    side = THUMBNAIL_SIDE
    # filled part by part: joined in the end, all of them would be held twice
    whole = Fingerprints(
        np.empty(count, np.uint64),
        np.empty(count, np.uint64),
        np.empty((count, side, side, 3), np.uint8),
    )
    for start in range(0, count, BATCH):
        found = recall_each(store, dict(islice(every, BATCH)), kind, spread)
        for column, part in zip(
            vars(whole).values(), vars(pack_fingerprints(found.values())).values(), strict=True
        ):
            column[start : start + len(part)] = part
    return whole


def recall_each(
    store: Store, pictures: Mapping[str, str], kind: str, spread: Spread = in_threads
) -> dict[str, Fingerprint]:
    """The same, each by its id."""
    work = {_key(digest, kind): blob for digest, blob in pictures.items()}
    memoized = MemoizedMap("fingerprint", partial(_fingerprint_all, store, kind))
    found = map_memoized(store, memoized, work, silent, spread)
    return {digest: Fingerprint(**found[_key(digest, kind)]) for digest in pictures}


def can_recall(store: Store, pictures: Mapping[str, str], kind: str) -> set[str]:
    """The ids of those that are remembered, or whose blob is there."""
    gone = store.lacking(pictures.values())
    lost = {_key(digest, kind): digest for digest, blob in pictures.items() if blob in gone}
    known = store.recall("fingerprint", lost)
    return set(pictures) - {digest for key, digest in lost.items() if key not in known}


def _fingerprint_all(store: Store, kind: str, batch: Mapping[str, str]) -> dict[str, Any]:
    return map_batch(
        store, batch, lambda blob: vars(fingerprint(load_picture(store.read(blob)), kind))
    )


def _key(digest: str, kind: str) -> str:
    return key_of(digest, code_digest((__name__,)), kind)
