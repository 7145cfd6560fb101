from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from foodcls.photograph.photos import PhotoFolder

TAKEN = datetime(2026, 5, 4, 12, 30, 5, tzinfo=timezone(timedelta(hours=2)))
PIXELS = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)


def test_a_photo_lands_by_class_and_tray_with_its_time_and_nothing_else(tmp_path: Path) -> None:
    photos = PhotoFolder(tmp_path, ["pesto", "bread"])
    path = photos.save(PIXELS, "pesto", 3, TAKEN)
    assert path.parent == tmp_path / "pesto" / "tray-03"
    assert path.name.startswith("20260504T103005Z-")
    with Image.open(path) as image:
        assert image.size == (40, 30)
        told = image.getexif().get_ifd(ExifTags.IFD.Exif)
        stamp = told[ExifTags.Base.DateTimeOriginal] + told[ExifTags.Base.OffsetTimeOriginal]
    assert datetime.strptime(stamp, "%Y:%m:%d %H:%M:%S%z") == TAKEN
    assert photos.count() == {"pesto": {3: 1}, "bread": {}}


def test_what_is_sent_twice_lies_there_once_and_can_be_taken_back(tmp_path: Path) -> None:
    PhotoFolder(tmp_path, ["pesto"]).save(PIXELS, "pesto", 1, TAKEN)
    photos = PhotoFolder(tmp_path, ["pesto"])
    old = photos.save(PIXELS, "pesto", 1, TAKEN)
    # it was there before: it is not this command's to remove
    assert photos.take_back(old.name) is None
    other = photos.save(PIXELS[::-1], "pesto", 1, TAKEN.astimezone(UTC))
    last = photos.save(PIXELS[:, ::-1], "pesto", 1, TAKEN)
    assert photos.take_back(other.name) == other and not other.exists()
    # asked again, it removes no other photo
    assert photos.take_back(other.name) is None
    assert photos.take_back(last.name) == last
    assert photos.count() == {"pesto": {1: 1}}


@pytest.mark.parametrize(
    ("label", "group"), [("../pesto", 1), ("", 1), ("pesto", 0), ("pesto", 1000)]
)
def test_no_other_folder_is_written(tmp_path: Path, label: str, group: int) -> None:
    with pytest.raises(ValueError, match="no class"):
        PhotoFolder(tmp_path, ["pesto"]).save(PIXELS, label, group, TAKEN)
    assert not list(tmp_path.iterdir())
