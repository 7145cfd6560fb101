"""Turns the pictures of manifest rows into the squares of pixels that a network sees, once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from foodcls.curate.decode import load_picture
from foodcls.errors import StoreError
from foodcls.learn.arrays import Keeping, Kept, keep_arrays
from foodcls.learn.resize import squash
from foodcls.progress import Track, silent
from foodcls.store import Store, digest_of

# changes whenever the same picture and size would give other pixels
VERSION = "pixels 1"

Pixels = NDArray[np.uint8]


def load_pixels(
    rows: pd.DataFrame, store: Store, size: int, cache: Path, track: Track = silent
) -> Kept:
    """uint8 (N, size, size, 3) of the rows' pictures, kept in `cache`.

    Augmented copies that came out alike, or one picture in two rows, are each a row here too.
    """
    digests = list(rows["picture"])

    def make(places: range) -> Sequence[Pixels]:
        with ThreadPoolExecutor() as pool:
            return [np.stack(list(pool.map(read, digests[places.start : places.stop])))]

    def read(digest: str) -> Pixels:
        return squash_pixels(read_picture(digest, store), size)

    keeping = Keeping(cache, ("pixels",), f"{VERSION} {size}", make)
    return keep_arrays(keeping, digests, track, "decode pictures")[0]


def read_picture(digest: str, store: Store) -> Pixels:
    """uint8 (H, W, 3) of a picture that a stage wrote; StoreError when it is damaged."""
    data = store.read(digest)
    if digest_of(data) != digest:
        raise StoreError(
            f"{store.where(digest)} is damaged; delete it and run `foodcls prepare` again"
        )
    return np.asarray(load_picture(data))


def squash_pixels(picture: Pixels, size: int) -> Pixels:
    """uint8 (H, W, 3) to (size, size, 3), by the same function as in the exported file."""
    image = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    squashed: Pixels = squash(image, size)[0].permute(1, 2, 0).numpy()
    return squashed


def as_images(pixels: NDArray[np.generic]) -> torch.Tensor:
    """uint8 (N, H, W, 3) as a tensor (N, 3, H, W), without copying."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)
