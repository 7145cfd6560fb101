"""Decodes the pictures of manifest rows and resizes them to the squares that a network sees."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Protocol

import numpy as np
import pandas as pd
from PIL import Image

from foodcls.features.row_cache import Array, CachedRows, FeatureCache, RowCache, cache_rows
from foodcls.image.decode import load_picture
from foodcls.network.resize import Pixels, squash_pixels
from foodcls.store.store import Store, digest_of
from foodcls.work.code_digest import code_digest


class PictureChange(Protocol):
    """A change of pictures that depends on each picture alone."""

    @property
    def version(self) -> str:
        """All that a changed picture depends on besides the picture."""
        ...

    @property
    def bound(self) -> int:
        """Pixels of the longer side: larger pictures are shrunk before they are changed."""
        ...

    def change(self, picture: Pixels, digest: str) -> Pixels:
        """uint8 (H, W, 3): the changed picture of that digest."""
        ...


Change = PictureChange | None  # None is the picture itself


@dataclass(frozen=True, slots=True)
class Look:
    """A picture, by its digest, as it is or changed."""

    name: str  # unlike that of any other look; of a picture as it is, the digest
    digest: str
    change: Change


@dataclass(frozen=True)
class Decoded:
    """Looks at pictures, decoded each time they are taken."""

    looks: tuple[Look, ...]
    size: int  # pixels a side
    version: str  # all that the pixels depend on besides the looks
    read: Callable[[str], Pixels]  # the picture of a digest, uint8 (H, W, 3)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each look."""
        return tuple(look.name for look in self.looks)

    def __len__(self) -> int:
        return len(self.looks)

    def pick(self, indices: Array) -> "Decoded":
        """The looks at some indices."""
        return replace(self, looks=tuple(self.looks[index] for index in indices))

    def take(self, indices: Sequence[int] | Array) -> Array:
        """uint8 (N, size, size, 3): the looks at N indices; each picture is decoded once."""
        places: dict[str, list[tuple[int, Change]]] = {}
        for place, look in enumerate(self.looks[index] for index in indices):
            places.setdefault(look.digest, []).append((place, look.change))
        pixels = np.empty((len(indices), self.size, self.size, 3), np.uint8)

        def fill(digest: str) -> None:
            picture = self.read(digest)
            shrink = lru_cache(partial(_shrink, picture))
            for place, change in places[digest]:
                seen = change.change(shrink(change.bound), digest) if change else picture
                pixels[place] = squash_pixels(seen, self.size)

        with ThreadPoolExecutor() as pool:
            # what went wrong in one comes out here
            list(pool.map(fill, places))
        return pixels


def decode_rows(
    rows: pd.DataFrame, store: Store, size: int, changes: Sequence[Change] = (None,)
) -> Decoded:
    """The looks at each row's picture, `size` pixels a side, one for each of the changes.

    They are decoded in full: JPEG's quicker half resolution differs by 6 of 255 and more in each
    of 42 web photos, and the exported file would see other pixels than training did.
    """
    versions = [change.version if change else "" for change in changes]
    looks = tuple(
        Look(digest_of(f"{digest} {version}".encode()) if change else digest, digest, change)
        for digest in rows["picture"]
        for change, version in zip(changes, versions, strict=True)
    )
    version = f"{code_digest((__name__,))} {size}"
    return Decoded(looks, size, version, lambda digest: read_picture(digest, store))


def cache_pixels(decoded: Decoded, feature_cache: FeatureCache) -> CachedRows | Decoded:
    """Pictures decoded once and kept, if the cache has room for them; else `decoded` itself."""
    row_bytes = decoded.size**2 * 3
    if not feature_cache.fits(len(set(decoded.names)), row_bytes, "decoded pictures"):
        return decoded
    row_cache = RowCache(
        feature_cache, "pixels", ("pixels",), decoded.version,
        lambda indices: [decoded.take(indices)], row_bytes,
    )  # fmt: skip
    return cache_rows(row_cache, decoded.names, "decode pictures")[0]


def read_picture(digest: str, store: Store) -> Pixels:
    """uint8 (H, W, 3) of a picture that a stage wrote; StoreError when it is damaged."""
    return np.asarray(load_picture(store.read(digest)))


def _shrink(picture: Pixels, bound: int) -> Pixels:
    image = Image.fromarray(picture)
    image.thumbnail((bound, bound))
    return np.asarray(image)
