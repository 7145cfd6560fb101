"""Only what a small decoding does not need is cut off a JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from foodcls.curate.scans import coarse_scans


@pytest.fixture
def jpeg(noise, encode):
    return lambda **more: encode(noise(1, 800, 600), "JPEG", quality=90, **more)


def decode_small(data):
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (64, 64))
        return np.asarray(image.convert("RGB"), int)


@pytest.mark.parametrize("finest", [5, 63])
def test_coarse_scans_decode_to_nearly_the_same_small_picture(jpeg, finest):
    data = jpeg(progressive=True)
    cut = coarse_scans(data, finest)
    assert len(cut) < 0.8 * len(data)
    assert np.abs(decode_small(cut) - decode_small(data)).mean() < 2


def test_other_files_stay_as_they_are(jpeg, encode, noise):
    for data in (jpeg(), encode(noise(1)), b"", b"\xff\xd8", b"\xff\xd8\xff\xc2"):
        assert coarse_scans(data) == data


def test_a_progressive_file_that_ends_anywhere_is_no_error(jpeg):
    data = jpeg(progressive=True)
    for end in range(2, 700):
        assert coarse_scans(data[:end]) == data[:end]
