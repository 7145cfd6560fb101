import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foodcls.errors import StoreError
from foodcls.store.store import Store
from foodcls.train.pixels import Decoded, Pixels, decode_rows, keep_pixels, squash_pixels
from foodcls.train.row_cache import Kept, Shelf

Gallery = Callable[..., pd.DataFrame]
ALL = np.arange(36)


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf(store, tmp_path / "cache")


def test_rows_become_squashed_pictures_in_their_order(store: Store, gallery: Gallery) -> None:
    rows = gallery(store)
    pixels = decode_rows(rows, store, 24)
    assert len(pixels) == len(rows)
    for place in (0, 17, 35):
        with Image.open(io.BytesIO(store.read(rows["picture"].iloc[place]))) as image:
            wanted = squash_pixels(np.asarray(image), 24)
        assert np.array_equal(pixels.take([place])[0], wanted)
        pillow = np.asarray(image.resize((24, 24), Image.Resampling.BILINEAR)).astype(int)
        assert np.abs(pillow - wanted).max() <= 1


def test_a_second_time_no_picture_is_read(store: Store, gallery: Gallery, shelf: Shelf) -> None:
    rows = gallery(store)
    first = keep_pixels(decode_rows(rows, store, 24), shelf).take(ALL)
    for blob in set(rows["picture"]):
        store.path(blob).unlink()
    kept = keep_pixels(decode_rows(rows, store, 24), shelf)
    assert isinstance(kept, Kept) and np.array_equal(kept.take(ALL), first)
    with pytest.raises(StoreError, match="missing"):
        keep_pixels(decode_rows(rows, store, 25), shelf)


def test_pictures_without_room_are_decoded_when_they_are_taken(
    store: Store, gallery: Gallery, tmp_path: Path
) -> None:
    rows = gallery(store)
    cramped = Shelf(store, tmp_path / "cache", limit=1000)
    found = keep_pixels(decode_rows(rows, store, 24), cramped)
    assert isinstance(found, Decoded) and not cramped.cache.exists()
    wanted = keep_pixels(decode_rows(rows, store, 24), Shelf(store, tmp_path / "cache"))
    assert np.array_equal(found.take(ALL[::5]), wanted.take(ALL[::5]))


class Inverted:
    version = "inverted"

    def change(self, picture: Pixels, digest: str) -> Pixels:
        return 255 - picture


def test_changed_pictures_are_kept_apart(store: Store, gallery: Gallery, shelf: Shelf) -> None:
    rows = gallery(store)
    plain, changed = (
        keep_pixels(decode_rows(rows, store, 24, how), shelf).take(ALL).astype(int)
        for how in (None, Inverted())
    )
    assert np.abs(plain + changed - 255).max() <= 1


def test_a_rotten_picture_is_named_not_learnt(store: Store, gallery: Gallery, shelf: Shelf) -> None:
    rows = gallery(store)
    path = store.path(rows["picture"].iloc[4])
    path.write_bytes(path.read_bytes()[:-20] + bytes(20))
    with pytest.raises(StoreError, match=path.name):
        keep_pixels(decode_rows(rows, store, 24), shelf)
