"""Remembers the fingerprints of pictures in the store, and computes those it does not know."""

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from foodcls.image.decode import load_picture
from foodcls.image.hashes import (
    Fingerprint,
    Fingerprints,
    fill_fingerprints,
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
    every = iter(pictures.items())
    parts = iter(lambda: dict(islice(every, BATCH)), {})
    return fill_fingerprints(
        (pack_fingerprints(recall_each(store, part, kind, spread).values()) for part in parts),
        len(pictures),
    )


def recall_each(
    store: Store, pictures: Mapping[str, str], kind: str, spread: Spread = in_threads
) -> dict[str, Fingerprint]:
    """The fingerprint of each picture by its id, computed where none is remembered."""
    work = {_key(digest, kind): blob for digest, blob in pictures.items()}
    each = partial(map_batch, store, partial(_fingerprint, store, kind))
    memoized = MemoizedMap("fingerprint", each)
    found = map_memoized(store, memoized, work, silent, spread)
    return {digest: Fingerprint(**found[_key(digest, kind)]) for digest in pictures}


def can_recall(store: Store, pictures: Mapping[str, str], kind: str) -> set[str]:
    """The ids of those that are remembered, or whose blob is there."""
    gone = store.lacking(pictures.values())
    lost = {_key(digest, kind): digest for digest, blob in pictures.items() if blob in gone}
    known = store.recall("fingerprint", lost)
    return set(pictures) - {digest for key, digest in lost.items() if key not in known}


def _fingerprint(store: Store, kind: str, blob: str) -> dict[str, Any]:
    return vars(fingerprint(load_picture(store.read(blob)), kind))


def _key(digest: str, kind: str) -> str:
    return key_of(digest, code_digest((__name__,)), kind)
