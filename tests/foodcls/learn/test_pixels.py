import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foodcls.errors import StoreError
from foodcls.learn.pixels import load_pixels, squash_pixels
from foodcls.store import Store

Gallery = Callable[..., pd.DataFrame]


def test_rows_become_squashed_pictures_in_their_order(
    store: Store, gallery: Gallery, tmp_path: Path
) -> None:
    rows = gallery(store)
    pixels = load_pixels(rows, store, 24, tmp_path)
    assert len(pixels) == len(rows)
    for place in (0, 17, 35):
        with Image.open(io.BytesIO(store.read(rows["picture"].iloc[place]))) as image:
            wanted = squash_pixels(np.asarray(image), 24)
        assert np.array_equal(pixels.take([place])[0], wanted)
        pillow = np.asarray(image.resize((24, 24), Image.Resampling.BILINEAR)).astype(int)
        assert np.abs(pillow - wanted).max() <= 1


def test_a_second_time_no_picture_is_read(store: Store, gallery: Gallery, tmp_path: Path) -> None:
    rows = gallery(store)
    first = load_pixels(rows, store, 24, tmp_path).take(range(36))
    for blob in set(rows["picture"]):
        store.path(blob).unlink()
    assert np.array_equal(load_pixels(rows, store, 24, tmp_path).take(range(36)), first)
    with pytest.raises(StoreError, match="missing"):
        load_pixels(rows, store, 25, tmp_path)


def test_a_rotten_picture_is_named_not_learnt(
    store: Store, gallery: Gallery, tmp_path: Path
) -> None:
    rows = gallery(store)
    path = store.path(rows["picture"].iloc[4])
    path.write_bytes(path.read_bytes()[:-20] + bytes(20))
    with pytest.raises(StoreError, match=path.name):
        load_pixels(rows, store, 24, tmp_path)
