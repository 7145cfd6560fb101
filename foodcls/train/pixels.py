"""Turns the pictures of manifest rows into the squares of pixels that a network sees, once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from foodcls.image.decode import load_picture
from foodcls.network.resize import squash
from foodcls.store.store import Store
from foodcls.train.row_cache import Array, Keeping, Kept, Shelf, keep_arrays

# changes whenever the same picture and size would give other pixels
VERSION = "pixels 2"

Pixels = NDArray[np.uint8]


class Changed(Protocol):
    """A change of pictures that depends on nothing but the picture."""

    @property
    def version(self) -> str:
        """All that a changed picture depends on besides the picture."""
        ...

    def change(self, picture: Pixels, digest: str) -> Pixels:
        """The changed picture of that digest."""
        ...


@dataclass(frozen=True)
class Decoded:
    """Pictures that are decoded each time they are taken."""

    digests: tuple[str, ...]
    size: int
    version: str  # all that the pixels depend on besides the picture
    read: Callable[[str], Pixels]

    def __len__(self) -> int:
        return len(self.digests)

    def take(self, places: Sequence[int] | Array) -> Array:
        """uint8 (N, size, size, 3) of the pictures at these places."""
        with ThreadPoolExecutor() as pool:
            return np.stack(list(pool.map(self.read, (self.digests[place] for place in places))))


def decode_rows(
    rows: pd.DataFrame, store: Store, size: int, changed: Changed | None = None
) -> Decoded:
    """The rows' pictures, squashed; `changed` is applied to each before.

    They are decoded in full: JPEG's quicker half resolution differs by 6 of 255 and more in each
    of 42 web photos, and the exported file would see other pixels than training did.
    """

    def read(digest: str) -> Pixels:
        picture = read_picture(digest, store)
        return squash_pixels(changed.change(picture, digest) if changed else picture, size)

    version = f"{VERSION} {size} {changed.version if changed else ''}".strip()
    return Decoded(tuple(rows["picture"]), size, version, read)


def keep_pixels(decoded: Decoded, shelf: Shelf) -> Kept | Decoded:
    """The same pictures, decoded once, if there is room for them on the shelf."""
    row_bytes = decoded.size**2 * 3
    if not shelf.fits(len(set(decoded.digests)), row_bytes, "decoded pictures"):
        return decoded
    keeping = Keeping(
        shelf.cache, "pixels", ("pixels",), decoded.version,
        lambda places: [decoded.take(places)], row_bytes, shelf.limit,
    )  # fmt: skip
    return keep_arrays(keeping, decoded.digests, shelf.track, "decode pictures")[0]


def read_picture(digest: str, store: Store) -> Pixels:
    """uint8 (H, W, 3) of a picture that a stage wrote; StoreError when it is damaged."""
    return np.asarray(load_picture(store.read(digest)))


def squash_pixels(picture: Pixels, size: int) -> Pixels:
    """uint8 (H, W, 3) to (size, size, 3), by the same function as in the exported file."""
    image = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    squashed: Pixels = squash(image, size)[0].permute(1, 2, 0).numpy()
    return squashed


def as_images(pixels: NDArray[np.generic]) -> torch.Tensor:
    """uint8 (N, H, W, 3) as a tensor (N, 3, H, W), without copying."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)
