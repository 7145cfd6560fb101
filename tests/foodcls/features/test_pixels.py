import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foodcls.errors import StoreError
from foodcls.features.pixels import Decoded, cache_pixels, decode_rows, read_picture
from foodcls.features.row_cache import CachedRows, FeatureCache
from foodcls.network.resize import squash_pixels
from foodcls.recipe.train_settings import Target
from foodcls.store.store import Store
from foodcls.train.views import View

Gallery = Callable[..., pd.DataFrame]
ALL = np.arange(36)


@pytest.fixture
def feature_cache(store: Store, tmp_path: Path) -> FeatureCache:
    return FeatureCache(store, tmp_path / "cache")


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


def test_a_second_time_no_picture_is_read(
    store: Store, gallery: Gallery, feature_cache: FeatureCache
) -> None:
    rows = gallery(store)
    first = cache_pixels(decode_rows(rows, store, 24), feature_cache).take(ALL)
    for blob in set(rows["picture"]):
        store.path(blob).unlink()
    kept = cache_pixels(decode_rows(rows, store, 24), feature_cache)
    assert isinstance(kept, CachedRows) and np.array_equal(kept.take(ALL), first)
    with pytest.raises(StoreError, match="missing"):
        cache_pixels(decode_rows(rows, store, 25), feature_cache)


def test_pictures_without_room_are_decoded_when_they_are_taken(
    store: Store, gallery: Gallery, tmp_path: Path
) -> None:
    rows = gallery(store)
    cramped = FeatureCache(store, tmp_path / "cache", limit=1000)
    found = cache_pixels(decode_rows(rows, store, 24), cramped)
    assert isinstance(found, Decoded) and not cramped.folder.exists()
    wanted = cache_pixels(decode_rows(rows, store, 24), FeatureCache(store, tmp_path / "cache"))
    assert np.array_equal(found.take(ALL[::5]), wanted.take(ALL[::5]))


def test_changed_pictures_are_kept_apart(
    store: Store, gallery: Gallery, feature_cache: FeatureCache
) -> None:
    rows = gallery(store)
    white = View(Target(shape="cutout", rotation="any"), size=24, seed=0, number=1)
    plain, changed = (
        cache_pixels(decode_rows(rows, store, 24, how), feature_cache).take(ALL)
        for how in (None, white)
    )
    assert not np.array_equal(plain, changed)
    for digest, one, other in zip(rows["picture"], plain, changed, strict=True):
        picture = read_picture(digest, store)
        assert np.array_equal(one, squash_pixels(picture, 24))
        assert np.array_equal(other, squash_pixels(white.change(picture, digest), 24))


def test_a_rotten_picture_is_named_not_learnt(
    store: Store, gallery: Gallery, feature_cache: FeatureCache
) -> None:
    rows = gallery(store)
    path = store.path(rows["picture"].iloc[4])
    path.write_bytes(path.read_bytes()[:-20] + bytes(20))
    with pytest.raises(StoreError, match=path.name):
        cache_pixels(decode_rows(rows, store, 24), feature_cache)
