"""Only what a small decoding does not need is cut off a JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from foodcls.image.scans import coarse_scans


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
