"""Files that repeat a picture are found, and one of each is left."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from foodcls.dedup.duplicates import Duplicates, find_duplicates
from foodcls.recipe.data_settings import Dedup


@pytest.fixture
def photos(tmp_path: Path, noise: Callable, encode: Callable) -> Path:
    """Two pictures, one of them five times, and a file that is none."""
    image = noise(1, 400, 300)
    files = {
        "large.png": encode(image, "PNG"),
        "copy/large.png": encode(image, "PNG"),
        "small.jpg": encode(image.resize((200, 150), Image.Resampling.BOX), "JPEG", quality=90),
        "mirrored.jpg": encode(ImageOps.mirror(image), "JPEG", quality=90),
        "other.jpg": encode(noise(2, 400, 300), "JPEG", quality=90),
        "bad.jpg": b"no picture",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def search(folder: Path, settings: Dedup | None = None) -> Duplicates:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return find_duplicates(paths, settings or Dedup())


def test_each_repeated_picture_is_left_once(photos: Path) -> None:
    found = search(photos)
    said = {str(one.path.relative_to(photos)): one.how for one in found.found}
    assert {one.duplicate_of for one in found.found} == {photos / "copy/large.png"}
    assert said.pop("large.png") == "same file"
    assert said.pop("mirrored.jpg").startswith("mirrored, distance")
    assert said.pop("small.jpg").startswith("near duplicate, distance")
    assert not said and found.count == 6


def test_a_bad_file_is_named_with_its_reason(photos: Path) -> None:
    (reason,) = search(photos).refused.values()
    assert "not_an_image" in reason


def test_the_order_of_files_does_not_matter(photos: Path) -> None:
    paths = sorted(path for path in photos.rglob("*") if path.is_file())
    assert find_duplicates(paths, Dedup()) == find_duplicates(paths[::-1], Dedup())


def test_a_file_named_twice_or_linked_to_is_no_duplicate_of_itself(photos: Path) -> None:
    (photos / "link.jpg").symlink_to(photos / "other.jpg")
    other, link = photos / "other.jpg", photos / "link.jpg"
    found = find_duplicates([other, other, link, photos / "." / "other.jpg"], Dedup())
    assert found.count == 1 and not found.found


def test_another_file_of_the_same_pixels_is_not_called_the_same_file(
    tmp_path: Path, noise: Callable, encode: Callable
) -> None:
    image = noise(1, 100, 100)
    (tmp_path / "a.png").write_bytes(encode(image, "PNG"))
    (tmp_path / "b.bmp").write_bytes(encode(image, "BMP"))
    (one,) = search(tmp_path).found
    assert (one.path.name, one.how) == ("a.png", "near duplicate, distance 0")


@pytest.mark.parametrize("kind", ["dhash", "colorhash"])
def test_other_hashes_find_copies_too(kind: str, photos: Path) -> None:
    found = search(photos, Dedup(hash=kind, distance=4))
    assert photos / "large.png" in {one.path for one in found.found}


def test_a_link_to_itself_and_a_closed_folder_are_refused_like_others(photos, powerless) -> None:
    (photos / "self.jpg").symlink_to(photos / "self.jpg")
    (photos / "closed").mkdir(mode=0)
    with powerless():
        found = find_duplicates([photos / "self.jpg", photos / "closed" / "x.jpg"], Dedup())
    assert found.count == 2 and len(found.refused) == 2
