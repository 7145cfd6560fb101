"""Tests of foodcls.sample.file_bytes."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.sample.file_bytes import file_bytes
from foodcls.sample.scene import compose, draw
from foodcls.sample.web import SampleItem, SampleWeb

WEB = SampleWeb(per_class=24)
PLAIN = SampleItem("x-0001.jpg", "original", "beans", "beans", 0, 1)


def _opened(item: SampleItem) -> Image.Image:
    return Image.open(io.BytesIO(file_bytes(item)))


@pytest.mark.parametrize(
    ("form", "format", "mode"),
    [
        ("jpeg", "JPEG", "RGB"),
        ("png", "PNG", "RGB"),
        ("webp", "WEBP", "RGB"),
        ("alpha", "PNG", "RGBA"),
        ("cmyk", "JPEG", "CMYK"),
        ("gray", "JPEG", "L"),
        ("gif", "GIF", "P"),
    ],
)
def test_each_form_is_what_it_says(form: str, format: str, mode: str) -> None:
    image = _opened(replace(PLAIN, form=form))
    assert (image.format, image.mode) == (format, mode)


@pytest.mark.parametrize("form", ["jpeg", "rotated", "png", "webp", "alpha", "cmyk", "gif"])
def test_each_form_shows_the_drawn_picture(form: str) -> None:
    drawn = draw(compose(0, "beans", 1))
    shown = ImageOps.exif_transpose(_opened(replace(PLAIN, form=form))).convert("RGB")
    inner = (8, 8, drawn.width - 8, drawn.height - 8)
    difference = np.asarray(shown.crop(inner), float) - np.asarray(drawn.crop(inner), float)
    assert np.abs(difference).mean() < 9


def test_a_rotated_file_needs_its_orientation() -> None:
    assert _opened(replace(PLAIN, form="rotated")).getexif()[0x0112] == 6


def test_an_animated_file_has_frames() -> None:
    assert _opened(replace(PLAIN, form="gif")).n_frames == 2


def test_transparency_is_real() -> None:
    assert _opened(replace(PLAIN, form="alpha")).getchannel("A").getextrema() == (0, 255)


def test_an_exact_duplicate_has_its_source_s_bytes(item_of: Callable) -> None:
    copy = item_of(WEB, "exact_duplicate")
    source = WEB.find(copy.source)
    assert source is not None and copy.file != source.file
    assert file_bytes(copy) == file_bytes(source)


@pytest.mark.parametrize("edit", ["reencoded", "resized", "brighter", "cropped", "mirrored"])
def test_a_near_duplicate_is_near(edit: str, item_of: Callable) -> None:
    copy = item_of(WEB, f"near_duplicate:{edit}")
    source = WEB.find(copy.source)
    assert source is not None
    images = [_opened(item).convert("L").resize((32, 32)) for item in (copy, source)]
    if edit == "mirrored":
        images[0] = ImageOps.mirror(images[0])
    difference = np.asarray(images[0], float) - np.asarray(images[1], float)
    assert file_bytes(copy) != file_bytes(source)
    assert np.abs(difference).mean() < 16


def test_placeholders_are_one_file_under_many_names() -> None:
    places = [item for label in ("beans", "rabbit", "bread") for item in SampleWeb(48).items(label)]
    bodies = [file_bytes(item) for item in places if item.kind == "placeholder"]
    assert len(bodies) > 2 and len(set(bodies)) == 1


@pytest.mark.parametrize("how", ["truncated", "html", "empty", "garbage"])
def test_broken_files_are_no_pictures(how: str, item_of: Callable) -> None:
    with pytest.raises((OSError, ValueError)):
        _opened(item_of(WEB, f"broken:{how}")).load()


@pytest.mark.parametrize("what", ["menu", "cat", "landscape", "dish"])
def test_wrong_pictures_are_pictures(what: str, item_of: Callable) -> None:
    _opened(item_of(WEB, f"wrong:{what}")).load()
