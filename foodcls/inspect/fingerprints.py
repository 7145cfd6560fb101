"""Remembers in the store how pictures look, and finds out how those look that it does not know."""

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from foodcls.image.decode import load_picture
from foodcls.image.hashes import VERSION, Look, Looks, join_looks, look_at, pack_looks
from foodcls.progress import silent
from foodcls.store.store import Store, key_of
from foodcls.work.memo import Inquiry, each, remembered
from foodcls.work.parallel import Spread, in_threads

# looks read from the store together: 40 MiB as text
BATCH = 10_000


def remember_looks(store: Store, looks: Mapping[str, Look], kind: str) -> None:
    """Keep looks by the picture's id, for `recall_looks`."""
    store.remember("look", {_key(digest, kind): vars(look) for digest, look in looks.items()})


def recall_looks(
    store: Store, pictures: Mapping[str, str], kind: str, spread: Spread = in_threads
) -> Looks:
    """Looks in the order of `pictures`, ids with the blobs that hold the upright pictures.

    Those not remembered are computed from the blob.
    """
    every = iter(pictures.items())
    parts = iter(lambda: dict(islice(every, BATCH)), {})
    return join_looks(_recall_part(store, part, kind, spread) for part in parts)


def _recall_part(store: Store, pictures: Mapping[str, str], kind: str, spread: Spread) -> Looks:
    work = {_key(digest, kind): blob for digest, blob in pictures.items()}
    inquiry = Inquiry("look", partial(_look_at_all, store, kind))
    found = remembered(store, inquiry, work, silent, spread)
    return pack_looks(Look(**fact) for fact in found.values())


def _look_at_all(store: Store, kind: str, batch: Mapping[str, str]) -> dict[str, Any]:
    return each(store, batch, lambda blob: vars(look_at(load_picture(store.read(blob)), kind)))


def _key(digest: str, kind: str) -> str:
    return key_of(digest, VERSION, kind)
