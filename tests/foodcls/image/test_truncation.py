"""The size of a whole PNG is known, interlaced or not, and each kind of file by its end."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image
from png_files import png_file

from foodcls.image.truncation import is_truncated, lacks_rows

PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]


def interlaced(pixels):
    raw = b""
    for x, y, dx, dy in [*PASSES, (0, 1, 1, 2)]:
        for row in pixels[y::dy, x::dx]:
            raw += b"\0" + row.tobytes() if row.size else b""
    return raw


@pytest.mark.parametrize("size", [(96, 64), (33, 35), (3, 2), (1, 1)], ids=str)
def test_interlaced_pngs_are_whole_or_not(size, noise):
    pixels = np.asarray(noise(1, *size))
    raw = interlaced(pixels)
    for data, lacks in ((raw, False), (raw[:-1], True)):
        file = png_file(*size, zlib.compress(data), interlace=1)
        image = Image.open(io.BytesIO(file))
        assert lacks_rows(file, image) == lacks
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(png_file(*size, zlib.compress(raw), interlace=1)))), pixels
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_whole_pngs_of_every_depth_lack_nothing(mode, noise, encode):
    image = noise(1, 37, 33)
    gray = np.asarray(image.convert("L"))
    image = Image.fromarray(gray.astype(np.uint16)) if mode == "I;16" else image.convert(mode)
    data = encode(image)
    assert not lacks_rows(data, Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_files_are_known_by_their_end(kind, noise, encode):
    data = encode(noise(1), kind)
    assert not is_truncated(data)
    assert is_truncated(data[:-20]) and is_truncated(data[: len(data) // 2])
