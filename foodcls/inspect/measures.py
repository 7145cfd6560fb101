"""Remembers the measures of pictures in the store, whatever the thresholds for flags are.

A module of its own, so that no edit of a flag's words inspects the pictures again.
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from foodcls.image.decode import BadPicture, decode
from foodcls.image.quality import Measures, measure
from foodcls.progress import silent
from foodcls.recipe.data_settings import MOST_PIXELS
from foodcls.store.store import Store, key_of
from foodcls.work.code_digest import code_digest
from foodcls.work.memo import MemoizedMap, map_batch, map_memoized

# what needs much memory is decoded one at a time
GATE = threading.Lock()


def remember_measures(store: Store, found: Mapping[str, Measures]) -> None:
    """Keep measures by the picture's id, for `recall_measures`."""
    store.remember("measures", {_key(digest): asdict(item) for digest, item in found.items()})


def recall_measures(store: Store, digests: Any) -> dict[str, Measures]:
    """Measures by the picture's id; those not remembered are made from its file, if it is there."""
    keys = {digest: _key(digest) for digest in digests}
    work = {key: digest for digest, key in keys.items()}
    answer = partial(map_batch, store, partial(_measure_file, store))
    found = map_memoized(store, MemoizedMap("measures", answer, is_final=bool), work, silent)
    facts = {digest: found[key] for digest, key in keys.items()}
    return {digest: Measures(**fact) for digest, fact in facts.items() if fact}


def _measure_file(store: Store, digest: str) -> dict[str, Any] | None:
    # advice is not worth a failed run: what is gone has no flags
    if not store.has(digest):
        return None
    try:
        found = decode(store.read(digest), MOST_PIXELS, gate=GATE)
        return asdict(measure(found.image, odd_profile=found.odd_profile))
    except BadPicture:
        return None


def _key(digest: str) -> str:
    return key_of(digest, code_digest((__name__,)))
