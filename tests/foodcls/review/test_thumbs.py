import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from foodcls.errors import StoreError
from foodcls.image.decode import BadPicture
from foodcls.review.thumbs import Thumbs
from foodcls.store.store import Store


@pytest.fixture
def thumbs(store: Store, tmp_path: Path) -> Thumbs:
    return Thumbs(store, tmp_path / "thumbs", 10_000_000)


def size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        return image.size


def test_pictures_are_upright_and_no_larger_than_asked(
    thumbs: Thumbs, store: Store, noise: Callable, encode: Callable
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    digest = store.put(encode(noise(1, 2100, 700), "JPEG", exif=exif))
    assert size(thumbs.small(digest)) == (85, 256)
    assert size(thumbs.large(digest)) == (683, 2048)


def test_a_small_picture_is_not_made_larger(
    thumbs: Thumbs, store: Store, noise: Callable, encode: Callable
) -> None:
    assert size(thumbs.small(store.put(encode(noise(1, 90, 60))))) == (90, 60)


def test_a_thumbnail_is_made_once(
    thumbs: Thumbs, store: Store, noise: Callable, encode: Callable
) -> None:
    digest = store.put(encode(noise(1)))
    first = thumbs.small(digest)
    store.path(digest).unlink()
    assert thumbs.small(digest) == first


def test_what_is_no_picture_or_not_there_is_told_by_its_error(thumbs: Thumbs, store: Store) -> None:
    with pytest.raises(BadPicture):
        thumbs.small(store.put(b"no picture"))
    with pytest.raises(StoreError):
        thumbs.small("0" * 64)
