from collections.abc import Callable

import pytest
from PIL import Image

from foodcls.image.file_types import describe_bytes, sniff_format

KINDS = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_known_by_its_first_bytes(
    kind: str, noise: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> None:
    assert sniff_format(encode(noise(1), kind)) == kind


@pytest.mark.parametrize("head", [b"\x00\x00\x00\x0cJXL \r\n\x87\n", b"\xff\x0a\x7f"])
def test_a_jpeg_xl_is_known_bare_and_in_its_container(head: bytes) -> None:
    assert sniff_format(head + bytes(20)) == "JPEG XL"


def test_an_avif_under_a_general_brand_is_known() -> None:
    assert sniff_format(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00avifmiaf") == "AVIF"


def test_a_heic_is_known_and_a_film_is_not() -> None:
    assert sniff_format(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic") == "HEIF"
    assert sniff_format(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heix") == "HEIF"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!doctype html><p>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isom",
        b"RIFF\x00\x00\x00\x00WAVE",
    ],
    ids=["empty", "html", "svg", "pdf", "eps", "zip", "gzip", "mp4", "wav"],
)
def test_what_is_no_picture_is_not_taken_for_one(data: bytes) -> None:
    assert sniff_format(data) is None


def test_the_reason_names_what_came_instead() -> None:
    assert describe_bytes(b"\n <!DOCTYPE HTML><p>") == "HTML"
    assert describe_bytes(b"<?xml version='1.0'?><svg/>") == "SVG"
    assert "PK" in describe_bytes(b"PK\x03\x04")
