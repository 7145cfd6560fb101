"""Decodes the pictures of manifest rows and resizes them to the squares that a network sees."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

import numpy as np
import pandas as pd

from foodcls.features.row_cache import Array, CachedRows, FeatureCache, RowCache, cache_rows
from foodcls.image.decode import load_picture
from foodcls.network.resize import Pixels, squash_pixels
from foodcls.store.store import Store
from foodcls.work.code_digest import code_digest


class PictureChange(Protocol):
    """A change of pictures that depends on each picture alone."""

    @property
    def version(self) -> str:
        """All that a changed picture depends on besides the picture."""
        ...

    def change(self, picture: Pixels, digest: str) -> Pixels:
        """uint8 (H, W, 3): the changed picture of that digest."""
        ...


@dataclass(frozen=True)
class Decoded:
    """Pictures that are decoded each time they are taken."""

    digests: tuple[str, ...]
    size: int  # pixels a side
    version: str  # all that the pixels depend on besides the picture
    read: Callable[[str], Pixels]  # of a digest: uint8 (size, size, 3)

    def __len__(self) -> int:
        return len(self.digests)

    def take(self, indices: Sequence[int] | Array) -> Array:
        """uint8 (N, size, size, 3): the pictures at N indices."""
        with ThreadPoolExecutor() as pool:
            return np.stack(list(pool.map(self.read, (self.digests[index] for index in indices))))


def decode_rows(
    rows: pd.DataFrame, store: Store, size: int, change: PictureChange | None = None
) -> Decoded:
    """The rows' pictures, `size` pixels a side, after a change of them if there is one.

    They are decoded in full: JPEG's quicker half resolution differs by 6 of 255 and more in each
    of 42 web photos, and the exported file would see other pixels than training did.
    """

    def read(digest: str) -> Pixels:
        picture = read_picture(digest, store)
        return squash_pixels(change.change(picture, digest) if change else picture, size)

    version = f"{code_digest((__name__,))} {size} {change.version if change else ''}".strip()
    return Decoded(tuple(rows["picture"]), size, version, read)


def cache_pixels(decoded: Decoded, feature_cache: FeatureCache) -> CachedRows | Decoded:
    """The same pictures, decoded once, if the cache has room for them."""
    row_bytes = decoded.size**2 * 3
    if not feature_cache.fits(len(set(decoded.digests)), row_bytes, "decoded pictures"):
        return decoded
    row_cache = RowCache(
        feature_cache, "pixels", ("pixels",), decoded.version,
        lambda indices: [decoded.take(indices)], row_bytes,
    )  # fmt: skip
    return cache_rows(row_cache, decoded.digests, "decode pictures")[0]


def read_picture(digest: str, store: Store) -> Pixels:
    """uint8 (H, W, 3) of a picture that a stage wrote; StoreError when it is damaged."""
    return np.asarray(load_picture(store.read(digest)))


def join_looks(looks: Sequence[CachedRows | Decoded]) -> CachedRows | Decoded:
    """The rows of all looks at the same pictures, one look after the other."""
    kept = [look for look in looks if isinstance(look, CachedRows)]
    if len(kept) == len(looks):
        return CachedRows(kept[0].kind, tuple(chain.from_iterable(look.places for look in kept)))
    decoded = [look for look in looks if isinstance(look, Decoded)]
    if len(decoded) < len(looks):
        raise ValueError("looks must all be cached, or none")
    reads = {f"{number} {digest}": partial(look.read, digest)
             for number, look in enumerate(decoded) for digest in look.digests}  # fmt: skip
    names = tuple(f"{number} {digest}"
                  for number, look in enumerate(decoded) for digest in look.digests)  # fmt: skip
    versions = " ".join(look.version for look in decoded)
    return Decoded(names, decoded[0].size, versions, lambda name: reads[name]())
