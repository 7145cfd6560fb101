"""Each hostile or odd file is decoded as a viewer shows it, or refused with its reason."""

import random
import resource
import struct
import time
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin
from png_files import chunk, png_file

from foodcls.image.decode import BadPicture, decode, load_picture, open_picture, png_bytes
from foodcls.image.draft_decode import decode_draft, make_draft
from foodcls.image.truncation import SCAN, jpeg_segments
from foodcls.image.upright import find_orientation

pillow_heif.register_heif_opener()
MEGABYTE = 1 << 20
MAGENTA = (255, 0, 255)


def reason_of(data, max_pixels=50_000_000, min_side=32):
    with pytest.raises(BadPicture) as caught:
        decode(data, max_pixels, min_side)
    return caught.value.reason


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(
    "kind, options",
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {}),
        ("HEIF", {}),
    ],
    ids=str,
)
def test_whole_files_are_kept_and_cut_ones_are_not(kind, options, noise, encode, is_near):
    data = encode(noise(1, 160, 120), kind, **options)
    assert is_near(decode(data, 10**6).image, noise(1, 160, 120))
    for share in (0.2, 0.5, 0.6, 0.9, 0.97):
        assert reason_of(data[: int(len(data) * share)]) in ("truncated", "broken"), share
    assert reason_of(data[:24]) in ("truncated", "broken", "not_an_image")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF"])
def test_a_cut_file_is_called_truncated(kind, noise, encode):
    data = encode(noise(1, 160, 120), kind)
    assert {reason_of(data[: int(len(data) * share)]) for share in (0.5, 0.6, 0.9)} == {"truncated"}


def test_a_wrong_checksum_is_refused(noise, encode):
    data = bytearray(encode(noise(1)))
    data[data.index(b"IDAT") - 5] ^= 1  # last byte of the checksum of IHDR
    assert reason_of(bytes(data)) == "broken"
    data = bytearray(encode(noise(1)))
    data[-13] ^= 1  # last byte of the checksum of IDAT
    assert reason_of(bytes(data)) == "broken"


def test_garbage_pixels_are_refused():
    garbage = random.Random(0).randbytes(5000)
    assert reason_of(png_file(100, 100, garbage)) in ("broken", "truncated")


def test_missing_rows_are_noticed_in_png(noise):
    rows = np.insert(np.asarray(noise(1)).reshape(64, -1), 0, 0, axis=1).astype(np.uint8)
    whole, half = zlib.compress(rows.tobytes()), zlib.compress(rows[:40].tobytes())
    assert decode(png_file(96, 64, whole), 10**6).image.size == (96, 64)
    assert reason_of(png_file(96, 64, half)) == "truncated"


def test_missing_rows_are_noticed_in_jpeg(noise, encode):
    data = encode(noise(1, 160, 120), "JPEG", quality=90)
    assert reason_of(data[: len(data) // 2] + b"\xff\xd9") == "truncated"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("grey", [False, True])
def test_a_jpeg_without_its_end_mark_is_whole_and_a_cut_one_is_not(
    mode, options, grey, noise, encode
):
    picture = Image.new("RGB", (150, 110), (128, 128, 128))
    picture.paste(noise(1), (0, 0) if grey else (54, 46))
    data = encode(picture.convert(mode), "JPEG", **options)
    whole = decode(data, 10**6)
    endless = decode(data[:-2], 10**6)
    assert np.array_equal(endless.image, whole.image) and not endless.is_plain
    assert np.array_equal(decode(data + b"a phone's own", 10**6).image, whole.image)
    for lost in (40, 200, len(data) // 3):
        assert reason_of(data[:-lost]) == "truncated", lost


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_ends_between_its_scans_is_cut(mode, noise, encode):
    """Each row is there, in part."""
    data = encode(noise(1, 150, 110).convert(mode), "JPEG", progressive=True)
    scans = [start for marker, start, *_ in jpeg_segments(data) if marker == SCAN]
    assert len(scans) > 5
    for start in scans[1:]:
        assert reason_of(data[:start]) == "truncated"


def test_a_picture_on_grey_is_not_taken_for_a_cut_one(noise, encode):
    picture = Image.new("RGB", (160, 160), (128, 128, 128))
    picture.paste(noise(1), (30, 20))
    assert decode(encode(picture, "JPEG"), 10**6).image.size == (160, 160)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_file(30_000, 30_000, zlib.compress(bytes(10**6))), id="png"),
        pytest.param(png_file(9_500, 9_500, zlib.compress(bytes(10**6))), id="png, 90 million"),
        pytest.param(
            b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
            b"\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
            b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + bytes(2000) + b"\xff\xd9",
            id="jpeg",
        ),
        pytest.param(
            b"BM"
            + struct.pack("<IHHI", 10**6, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, 40_000, 40_000, 1, 24, 0, 0, 0, 0, 0, 0)
            + bytes(1000),
            id="bmp",
        ),
        pytest.param(
            b"GIF89a"
            + struct.pack("<HHBBB", 60_000, 60_000, 0x80, 0, 0)
            + bytes(6)
            + b","
            + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0)
            + b"\x02\x02\x4c\x01\x00;",
            id="gif",
        ),
        pytest.param(
            b"RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"
            b"\xff\x3e\x00\xff\x3e\x00VP8L\x00\x00\x00\x00",
            id="webp",
        ),
    ],
)
def test_size_bombs_are_refused_before_pixels_are_allocated(data):
    before, start = peak_memory(), time.process_time()
    assert reason_of(data) in ("too_many_pixels", "truncated", "broken")
    assert time.process_time() - start < 1
    assert peak_memory() - before < 50 * MEGABYTE


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_text_bombs_are_refused_cheaply(kind):
    zeros = zlib.compressobj(9)
    packed = b"".join(zeros.compress(bytes(MEGABYTE)) for _ in range(200)) + zeros.flush()
    pixels = zlib.compress(bytes(64 * (64 * 3 + 1)))
    bomb = png_file(64, 64, pixels, chunk(kind, b"bomb\0\0" + packed))
    before = peak_memory()
    assert reason_of(bomb) in ("broken", "blank")
    assert peak_memory() - before < 50 * MEGABYTE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(x) run\n",
        b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><svg>&b;</svg>',
        b"<!doctype html><title>404</title>",
        b'{"error": "gone"}',
        b"PK\x03\x04" + bytes(100),
        b"\x1f\x8b\x08" + bytes(100),
        b"\x80\x04\x95" + bytes(100),
        bytes(1000),
    ],
    ids=["empty", "eps", "pdf", "svg", "html", "json", "zip", "gzip", "pickle", "zeros"],
)
def test_other_files_are_not_images(data):
    assert reason_of(data) == "not_an_image"


def test_a_picture_that_no_decoder_here_reads_is_told_what_to_become(noise, encode):
    with pytest.raises(BadPicture, match="JPEG 2000 is not read; save it as JPEG or PNG"):
        decode(encode(noise(1), "JPEG2000"), 10**6)
    with pytest.raises(BadPicture, match="not_an_image: JPEG XL is not read"):
        decode(b"\xff\x0a" + bytes(200), 10**6)


def test_the_thumbnail_that_a_raw_photo_begins_with_is_not_taken_for_it(noise, encode):
    preview = encode(noise(1), "TIFF", tiffinfo={254: 1})
    with pytest.raises(BadPicture, match="not_an_image: a raw photo is not read; save it as JPEG"):
        decode(preview, 10**6)
    for kind in (0, 2):  # the picture itself, and a page of several
        assert decode(encode(noise(1), "TIFF", tiffinfo={254: kind}), 10**6).format == "TIFF"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 10))
def test_pictures_are_turned_upright_once(kind, orientation, noise, encode, is_near):
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        # as stored: the inverse of the turn that sets it upright
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = noise(1, 160, 120)
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif.tobytes()} if kind != "TIFF" else {"tiffinfo": {0x0112: orientation}}
    found = decode(encode(stored, kind, **options), 10**6)
    assert is_near(found.image, upright, 12)
    assert not found.is_plain or orientation in (1, 9)
    again = decode(png_bytes(found.image), 10**6)
    assert again.is_plain and np.array_equal(again.image, found.image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_what_xmp_says_of_a_turn_is_not_followed(kind, noise, encode, is_near):
    text = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    words = PngImagePlugin.PngInfo()
    words.add_itxt("XML:com.adobe.xmp", text)
    more = {"PNG": {"pnginfo": words}, "TIFF": {"tiffinfo": {700: text.encode()}}}
    data = encode(noise(1, 160, 120), kind, **more.get(kind, {"xmp": text.encode()}))
    assert b"tiff:Orientation" in data
    assert is_near(decode(data, 10**6).image, noise(1, 160, 120), 12)
    assert is_near(decode_draft(data, 10**6), make_draft(noise(1, 160, 120)), 12)
    with open_picture(data) as image:
        assert find_orientation(image) == 1


def test_broken_exif_is_ignored(noise, encode, is_near):
    for junk in (b"Exif\0\0" + b"\xff" * 40, b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"):
        found = decode(encode(noise(1), "JPEG", exif=junk), 10**6)
        assert is_near(found.image, noise(1))


def test_deep_grey_is_scaled_not_clipped(noise, encode, is_near):
    gray = noise(1).convert("L")
    deep = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    for kind in ("PNG", "TIFF"):
        found = decode(encode(deep, kind), 10**6)
        assert is_near(found.image, gray.convert("RGB"), 1) and not found.is_plain
    floats = Image.fromarray(np.asarray(gray).astype(np.float32) / 255)
    assert is_near(decode(encode(floats, "TIFF"), 10**6).image, gray.convert("RGB"), 1)


def test_deep_colour_is_eight_bits(noise, is_near):
    wide = np.repeat(np.asarray(noise(1)).reshape(64, -1), 2, axis=1)
    rows = np.insert(wide, 0, 0, axis=1).astype(np.uint8)
    found = decode(png_file(96, 64, zlib.compress(rows.tobytes()), bits=16), 10**6)
    assert is_near(found.image, noise(1), 1) and not found.is_plain


@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "P", "YCbCr"])
def test_other_modes_become_rgb(mode, noise, encode, is_near):
    image = noise(1).convert(mode)
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    found = decode(encode(image, kind), 10**6)
    assert found.image.mode == "RGB" and is_near(found.image, image.convert("RGB"))
    assert found.is_plain == (mode == "YCbCr")


def half_hidden(noise):
    """Patches on the left, hidden magenta on the right."""
    layer = noise(1).convert("RGBA")
    layer.paste((*MAGENTA, 0), (48, 0, 96, 64))
    return layer


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "palette", "LA", "GIF"])
def test_hidden_colours_do_not_leak(kind, noise, encode):
    layer = half_hidden(noise)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    if kind == "LA":
        layer, kind = layer.convert("LA"), "PNG"
    elif kind == "palette":
        layer, kind = layer.quantize(64), "PNG"
    found = decode(encode(layer, kind, **options), 10**6)
    right = np.asarray(found.image)[:, 50:]
    assert not found.is_plain and (right == 255).all()
    assert np.asarray(found.image)[:, :46].std() > 20


def test_half_clear_pixels_lie_on_white(encode):
    layer = Image.new("RGBA", (64, 64), (0, 0, 0, 128))
    layer.paste((255, 0, 0, 255), (0, 0, 32, 64))
    image = decode(encode(layer), 10**6).image
    assert image.getpixel((50, 5)) == (127, 127, 127) and image.getpixel((5, 5)) == (255, 0, 0)


def test_a_colour_named_clear_becomes_white(noise, encode):
    image = noise(1)
    image.paste(MAGENTA, (48, 0, 96, 64))
    found = decode(encode(image, transparency=MAGENTA), 10**6)
    assert found.image.getpixel((80, 5)) == (255, 255, 255) and not found.is_plain


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "MPO", "TIFF"])
def test_the_first_frame_is_the_picture(kind, noise, encode, is_near):
    data = encode(noise(1), kind, save_all=True, append_images=[noise(2), noise(3)])
    found = decode(data, 10**6)
    assert is_near(found.image, noise(1)) and not found.is_plain


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "AVIF", "PNG"])
def test_what_fades_in_from_one_color_is_judged_by_what_it_shows(kind, noise, encode, is_near):
    frames = [Image.blend(Image.new("RGB", (96, 64), "white"), noise(1), share / 5)
              for share in (0, 0, 1, 3, 5, 4)]  # fmt: skip
    found = decode(encode(frames[0], kind, save_all=True, append_images=frames[1:]), 10**6)
    assert is_near(found.image, noise(1)) and not found.is_plain
    blank = [Image.new("RGB", (96, 64), color) for color in ("white", "red", "blue")]
    assert reason_of(encode(blank[0], kind, save_all=True, append_images=blank[1:])) == "blank"


@pytest.mark.parametrize(
    "size, color, reason",
    [
        ((1, 1), "red", "too_small"),
        ((3000, 1), "red", "too_small"),
        ((16, 16), "red", "too_small"),
        ((64, 64), "white", "blank"),
        ((64, 64), (200, 30, 90), "blank"),
    ],
    ids=str,
)
def test_useless_pictures_are_refused(size, color, reason, encode):
    for kind in ("PNG", "JPEG", "WEBP"):
        assert reason_of(encode(Image.new("RGB", size, color), kind)) == reason


def test_a_clear_picture_is_blank(noise, encode):
    layer = noise(1).convert("RGBA")
    layer.putalpha(0)
    assert reason_of(encode(layer)) == "blank"


def test_payloads_do_not_travel(noise, encode):
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "<?php system(1) ?>")
    for data in (
        encode(noise(1), pnginfo=text, icc_profile=b"<?php profile"),
        encode(noise(1), "JPEG", comment=b"<?php comment", icc_profile=b"<?php profile"),
    ):
        for image in (decode(data, 10**6).image, load_picture(data)):
            assert b"<?php" not in png_bytes(image) + encode(image, "JPEG")


def test_large_pictures_pass_the_gate(encode):
    class Counting:
        entered = 0

        def __enter__(self):
            Counting.entered += 1

        def __exit__(self, *_):
            return None

    large = Image.linear_gradient("L").resize((4100, 3000)).convert("RGB")
    data = encode(large, "JPEG")
    decode(encode(large.resize((100, 100))), 50_000_000, gate=Counting())
    assert Counting.entered == 0
    decode(data, 50_000_000, gate=Counting())
    assert Counting.entered == 1


def test_mutated_files_never_crash(noise, encode):
    dice = random.Random(7)
    seeds = [
        encode(noise(1), kind, **options)
        for kind, options in [
            ("JPEG", {}),
            ("JPEG", {"progressive": True}),
            ("PNG", {}),
            ("GIF", {}),
            ("WEBP", {}),
            ("BMP", {}),
            ("TIFF", {"compression": "tiff_lzw"}),
            ("TIFF", {}),
            ("AVIF", {}),
            ("HEIF", {}),
        ]
    ]
    for number in range(600):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(dice.choice((1, 3, 20))):
            data[dice.randrange(min(len(data), dice.choice((64, 10**6))))] = dice.randrange(256)
        start = time.process_time()
        try:
            found = decode(bytes(data), 10**6)
        except BadPicture as bad:
            assert bad.reason and len(bad.detail) <= 200
        else:
            assert found.image.mode == "RGB"
        assert time.process_time() - start < 5
