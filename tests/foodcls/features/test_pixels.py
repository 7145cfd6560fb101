import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foodcls.errors import StoreError
from foodcls.features.pixels import Decoded, cache_pixels, decode_rows, read_picture
from foodcls.features.row_cache import CachedRows, FeatureCache
from foodcls.network.resize import Pixels, squash_pixels
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


def test_a_picture_is_decoded_once_for_all_looks_at_it(
    store: Store, gallery: Gallery, feature_cache: FeatureCache
) -> None:
    rows = gallery(store)
    white = View(Target(shape="cutout", rotation="any"), size=12, seed=0, number=1)
    decoded, reads = decode_rows(rows, store, 24, [None, white]), list[str]()

    def read(digest: str) -> Pixels:
        reads.append(digest)
        return decoded.read(digest)

    kept = cache_pixels(replace(decoded, read=read), feature_cache)
    assert sorted(reads) == sorted(set(rows["picture"]))
    looks = kept.take(range(2 * len(rows))).reshape(len(rows), 2, 24, 24, 3)
    for digest, (plain, changed) in zip(rows["picture"], looks, strict=True):
        picture = read_picture(digest, store)
        assert np.array_equal(plain, squash_pixels(picture, 24))
        small = Image.fromarray(picture)
        small.thumbnail((24, 24))
        wanted = white.change(np.asarray(small), digest)
        assert np.array_equal(changed, squash_pixels(wanted, 24)) and small.width < len(picture[0])


def test_a_picture_as_it_is_lies_in_memory_no_second_time(
    store: Store, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = decode_rows(gallery(store), store, 24)

    def refuse(picture: Pixels) -> None:
        raise AssertionError("copied whole")

    monkeypatch.setattr(Image, "fromarray", refuse)
    assert decoded.take(ALL).shape == (len(ALL), 24, 24, 3)


def test_a_rotten_picture_is_named_not_learnt(
    store: Store, gallery: Gallery, feature_cache: FeatureCache
) -> None:
    rows = gallery(store)
    path = store.path(rows["picture"].iloc[4])
    path.write_bytes(path.read_bytes()[:-20] + bytes(20))
    with pytest.raises(StoreError, match=path.name):
        cache_pixels(decode_rows(rows, store, 24), feature_cache)
