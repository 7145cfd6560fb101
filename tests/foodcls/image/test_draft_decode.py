"""Files have nearly the fingerprints of their full pictures, or are refused."""

import io

import numpy as np
import pytest
from PIL import Image

from foodcls.dedup.pairs import find_pairs
from foodcls.image.decode import BadPicture
from foodcls.image.draft_decode import coarse_scans, decode_draft, fingerprint_files
from foodcls.image.hashes import fingerprint, make_draft, pack_fingerprints
from foodcls.recipe.data_settings import Dedup

PIXELS = 1_000_000
FORMS = {
    "JPEG": ("JPEG", {"quality": 85}),
    "progressive": ("JPEG", {"quality": 85, "progressive": True}),
    "PNG": ("PNG", {}),
}


@pytest.mark.parametrize("size", [(800, 600), (300, 200), (90, 70)], ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_a_draft_has_nearly_the_fingerprint_of_the_full_picture(
    form, size, noise, encode, tmp_path
):
    name, more = FORMS[form]
    path = tmp_path / "one"
    path.write_bytes(encode(noise(1, *size), name, **more))
    scanned = fingerprint_files([path], "phash", PIXELS)
    with Image.open(path) as image:
        full = pack_fingerprints([fingerprint(image.convert("RGB"), "phash")])
    assert np.bitwise_count(scanned.prints.hashes ^ full.hashes)[0] <= 4
    assert np.abs(scanned.prints.thumbnails.astype(int) - full.thumbnails).mean() < 3


def test_a_turned_picture_is_drafted_upright(noise, encode):
    image = noise(1, 400, 300)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    gap = np.asarray(decode_draft(turned, PIXELS), int) - np.asarray(make_draft(image), int)
    assert np.abs(gap).mean() < 3


def test_what_cannot_be_read_is_refused(noise, encode, tmp_path):
    whole = encode(noise(1, 400, 300), "JPEG")
    files = {"a": whole, "b": whole[:3000], "c": b"text", "d": whole}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / name for name in "abcde"]
    scanned = fingerprint_files(paths, "phash", PIXELS)
    assert [path.name for path in scanned.paths] == ["a", "d"]
    reasons = {path.name: reason for path, reason in scanned.refused.items()}
    assert list(reasons) == ["b", "c", "e"]
    assert "truncated" in reasons["b"] and "not_an_image" in reasons["c"]
    assert "not there" in reasons["e"]
    assert len(find_pairs(scanned.prints, Dedup()).pairs.left) == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_of_too_many_pixels_is_refused(form, noise, encode):
    name, more = FORMS[form]
    with pytest.raises(BadPicture, match="too_many_pixels"):
        decode_draft(encode(noise(1, 400, 300), name, **more), 100_000)


@pytest.fixture
def jpeg(noise, encode):
    return lambda **more: encode(noise(1, 800, 600), "JPEG", quality=90, **more)


def decode_small(data):
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (64, 64))
        return np.asarray(image.convert("RGB"), int)


def find_all(data, marker):
    return [place for place in range(len(data)) if data.startswith(marker, place)]


@pytest.mark.parametrize("finest", [5, 63])
def test_coarse_scans_decode_to_nearly_the_same_small_picture(jpeg, finest):
    data = jpeg(progressive=True)
    cut = coarse_scans(data, finest)
    assert len(cut) < 0.8 * len(data)
    assert np.abs(decode_small(cut) - decode_small(data)).mean() < 2


def test_a_cut_file_is_not_smoothed_where_smoothing_would_not_show(jpeg):
    data = jpeg(progressive=True)
    places = [place + 4 + 1 + 7 for place in find_all(data, b"\xff\xdb")]
    assert len(places) == 2
    for finest, is_zero in ((5, True), (63, False)):
        cut = coarse_scans(data, finest)
        assert all((cut[place] == 0) is is_zero for place in places)
        others = [place for place in range(len(cut) - 2) if place not in places]
        assert all(cut[place] == data[place] for place in others)


def test_other_files_stay_as_they_are(jpeg, encode, noise):
    for data in (jpeg(), encode(noise(1)), b"", b"\xff\xd8", b"\xff\xd8\xff\xc2"):
        assert coarse_scans(data) == data


def test_a_progressive_file_that_ends_anywhere_is_no_error(jpeg):
    data = jpeg(progressive=True)
    for end in range(2, 700):
        assert coarse_scans(data[:end]) == data[:end]
