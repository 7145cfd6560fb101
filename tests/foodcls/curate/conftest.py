"""What the tests of this package share: rows of a manifest with their pictures in a store."""

import io
from collections.abc import Callable

import pandas as pd
import pytest
from PIL import Image

from foodcls.manifest import KEPT, new_manifest
from foodcls.store import Store


@pytest.fixture
def put_rows(store: Store) -> Callable[..., pd.DataFrame]:
    """A manifest of files put into the store: (bytes, label) or (bytes, label, more columns)."""

    def put(*files: tuple) -> pd.DataFrame:
        rows = []
        for number, (data, label, *more) in enumerate(files):
            plain = {
                "id": store.put(data),
                "label": label,
                "origin": f"http://127.0.0.1/pictures/{number:03}.jpg",
                "source": "urls",
                "bytes": len(data),
                "outcome": "ok",
                "state": KEPT,
            }
            rows.append(plain | (more[0] if more else {}))
        return new_manifest(rows)

    return put


@pytest.fixture
def png(encode: Callable[..., bytes], noise: Callable[..., Image.Image]) -> Callable[..., bytes]:
    """The bytes of a PNG of random patches."""
    return lambda seed, *size: encode(noise(seed, *size))


@pytest.fixture
def is_near() -> Callable[..., bool]:
    """Whether a picture's mean difference from a reference is at most `limit` of 255."""

    def compare(image: Image.Image, wanted: Image.Image, limit: float = 9) -> bool:
        import numpy as np

        if image.size != wanted.size:
            return False
        gap = np.abs(np.asarray(image, dtype=float) - np.asarray(wanted, dtype=float))
        return bool(gap.mean() <= limit)

    return compare


@pytest.fixture
def reread() -> Callable[[bytes], Image.Image]:
    """Open bytes as a viewer would."""
    return lambda data: Image.open(io.BytesIO(data))
