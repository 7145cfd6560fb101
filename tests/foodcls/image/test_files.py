"""Pictures are found by file, folder and pattern, and read within bounds."""

import os
from pathlib import Path

import pytest

from foodcls.errors import InputError
from foodcls.image.decode import BadPicture
from foodcls.image.files import find_pictures, read_picture


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("b.JPG", "a/c.png", "a/notes.txt", "a.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_folders_give_what_looks_like_pictures_in_order(photos: Path) -> None:
    found = find_pictures([photos / "a/notes.txt", photos])
    assert [str(path.relative_to(photos)) for path in found] == [
        "a/notes.txt", "a/c.png", "a.webp", "b.JPG"
    ]  # fmt: skip


def test_content_decides_in_folders_too(tmp_path: Path, noise, encode, caplog) -> None:
    for name in ("a.jfif", "b", "c.HEIC", "d.txt", ".bin/deleted.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encode(noise(1), "JPEG"))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "web.jpg").write_text("<html>")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [path.name for path in find_pictures([tmp_path])]
    assert found == ["a.jfif", "b", "c.HEIC", "d.txt", "web.jpg"]
    assert "passed over: '.bin'" in caplog.text


def test_what_may_not_be_read_is_among_them_and_named(tmp_path: Path, powerless) -> None:
    (tmp_path / "a").touch(mode=0)
    (tmp_path / "closed").mkdir(mode=0)
    with powerless():
        found = find_pictures([tmp_path])
        assert found == [tmp_path / "a", tmp_path / "closed"]
        with pytest.raises(PermissionError):
            read_picture(tmp_path / "a")
        with pytest.raises(BadPicture, match="not_an_image"):
            read_picture(tmp_path / "closed")


def test_a_pattern_gives_what_it_matches(photos: Path) -> None:
    assert find_pictures([photos / "**/*.p*"]) == [photos / "a/c.png"]
    (photos / "b[1].jpg").write_bytes(b"x")
    assert find_pictures([photos / "b[1].jpg"]) == [photos / "b[1].jpg"]


def test_no_pictures_at_all_are_an_error_that_names_where(photos: Path) -> None:
    with pytest.raises(InputError, match=r"no pictures in .*z\*"):
        find_pictures([photos / "z*"])


def test_what_is_no_file_or_too_large_is_not_read(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(photos / "pipe.jpg")
    for name in ("pipe.jpg", "absent.png", "."):
        with pytest.raises(BadPicture, match="not_an_image"):
            read_picture(photos / name)
    assert read_picture(photos / "b.JPG") == b"x"
    monkeypatch.setattr("foodcls.image.files.MAX_BYTES", 0)
    with pytest.raises(BadPicture, match="more than 0 bytes"):
        read_picture(photos / "b.JPG")
