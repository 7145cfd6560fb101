"""Pictures of other profiles are seen in the colors that a viewer shows."""

import io
import struct
import zlib

import numpy as np
import pytest
from color_profiles import PRIMARIES, gray_profile, press_profile, rgb_profile
from PIL import Image, ImageCms
from pillow_heif import register_heif_opener

from foodcls.image.color import MAX_BYTES, to_srgb
from foodcls.image.decode import BadPicture, decode
from foodcls.image.draft_decode import decode_draft
from foodcls.image.hashes import make_draft


def in_profile(picture, profile, mode="RGB"):
    """What a camera stores of a picture that it sees."""
    space = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(picture, srgb, space, outputMode=mode)


@pytest.fixture
def dish(noise):
    return noise(1, 400, 300)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("name", PRIMARIES)
def test_wide_colors_are_shown_as_they_were_seen(name, kind, dish, encode, is_near):
    profile = rgb_profile(name)
    stored = in_profile(dish, profile)
    assert not is_near(stored, dish, 5)
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"quality": 95}
    data = encode(stored, kind, icc_profile=profile, **options)
    found = decode(data, 10**6)
    assert is_near(found.image, dish, 2.5) and not found.is_plain and not found.odd_profile
    assert not found.image.info
    assert is_near(decode_draft(data, 10**6), make_draft(found.image), 2)


def test_srgb_of_any_make_costs_no_copy_of_the_file(dish, encode):
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(dish, "JPEG", icc_profile=own)
    found = decode(data, 10**6)
    assert found.is_plain and np.array_equal(found.image, Image.open(io.BytesIO(data)))
    assert to_srgb(dish, own)[0] is dish


def test_gray_has_its_own_curve(dish, encode, is_near):
    gray = dish.convert("L")
    for exponent in (1.0, 1.8):
        profile = gray_profile(exponent)
        stored = in_profile(dish.convert("L").convert("RGB"), profile, "L")
        found = decode(encode(stored, "PNG", icc_profile=profile), 10**6)
        assert is_near(found.image, gray.convert("RGB"), 2)
        assert not is_near(stored.convert("RGB"), gray.convert("RGB"), 6)


def test_ink_is_what_the_press_makes_of_it(encode):
    ink = Image.new("CMYK", (90, 60), (255, 0, 0, 0))
    ink.paste((0, 0, 0, 0), (0, 0, 30, 60))
    ink.paste((0, 0, 0, 255), (60, 0, 90, 60))
    found = decode(encode(ink, "JPEG", quality=100, icc_profile=press_profile()), 10**6)
    paper, cyan, black = (found.image.getpixel((x, 30)) for x in (10, 45, 80))
    assert min(paper) > 250 and max(black) < 60
    # L 39, a -40, b 30 by the profile; without it 0, 255, 255
    assert cyan[0] < 60 and 90 < cyan[1] < 120 and cyan[2] < 70


@pytest.mark.parametrize(
    "profile",
    [b"no profile", rgb_profile("prophoto")[:200], gray_profile(1.8), bytes(MAX_BYTES + 1)],
    ids=["text", "cut", "of another kind", "endless"],
)
def test_a_broken_profile_is_passed_over_and_said(profile, dish, encode):
    data = encode(dish, "JPEG")
    found = decode(encode(dish, "JPEG", icc_profile=profile), 10**8)
    assert found.odd_profile and found.is_plain
    assert np.array_equal(found.image, decode(data, 10**6).image)
    assert decode_draft(encode(dish, "JPEG", icc_profile=profile), 10**6)


def test_damaged_profiles_never_crash(dish):
    dice = np.random.default_rng(0)
    for mode, whole in (("RGB", rgb_profile("adobe rgb")), ("CMYK", press_profile())):
        picture = dish.resize((40, 30)).convert(mode)
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(dice.choice((1, 3, 20))):
                data[int(dice.integers(len(data) ** dice.uniform(0.3, 1)))] = int(
                    dice.integers(256)
                )
            assert to_srgb(picture, bytes(data))[0].mode == "RGB"


def gray_tiff(values, tags):
    """A TIFF of one strip, of numbers of any kind; `tags` are {tag: number}."""
    height, width = values.shape
    every = {256: width, 257: height, 258: values.itemsize * 8, 259: 1, 262: 1, 273: 0, 277: 1,
             278: height, 279: values.nbytes} | tags  # fmt: skip
    every[273] = 8 + 2 + 12 * len(every) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, every[tag]) for tag in sorted(every))
    head = b"II*\0" + struct.pack("<IH", 8, len(every))
    return head + entries + bytes(4) + values.tobytes()


def with_chunks(picture, *chunks):
    """A PNG with chunks right behind its header."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    data = buffer.getvalue()
    packed = b""
    for kind, body in chunks:
        packed += struct.pack(">I", len(body)) + kind + body
        packed += struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + packed + data[33:]


def gamma_chunk(gamma):
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def places_chunk(*places):
    return b"cHRM", struct.pack(">8I", *(round(place * 100_000) for place in places))


P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
# X, Y, Z of P3's and sRGB's red, green and blue in columns, under the same white (SMPTE EG 432-1)
P3_XYZ = ((0.48657, 0.26567, 0.19822), (0.22897, 0.69174, 0.07929), (0.0, 0.04511, 1.04394))
SRGB_XYZ = ((0.41239, 0.35758, 0.18048), (0.21264, 0.71517, 0.07219), (0.01933, 0.11919, 0.95053))
SRGB_CHUNK = (b"sRGB", b"\0")


def light(picture):
    """The light of each pixel, 0 to 1, of a picture in sRGB."""
    values = np.asarray(picture) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def curved(values):
    """sRGB's curve."""
    return np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)


def wide(picture):
    """The light of each pixel as shares of Display P3's red, green and blue."""
    turn = np.linalg.inv(P3_XYZ) @ SRGB_XYZ
    return np.clip(light(picture) @ turn.T, 0, 1)


def stored(values):
    return Image.fromarray((values * 255).round().astype(np.uint8))


@pytest.mark.parametrize(
    "change, chunks",
    [
        (light, [gamma_chunk(1.0)]),
        (lambda dish: light(dish) ** (1 / 1.8), [gamma_chunk(1 / 1.8)]),
        (lambda dish: curved(wide(dish)), [gamma_chunk(0.45455), places_chunk(*P3)]),
        (lambda dish: curved(wide(dish)), [(b"cICP", b"\x0c\x0d\0\1"), gamma_chunk(1.0)]),
        (wide, [SRGB_CHUNK, (b"cICP", b"\x0c\x08\0\1")]),
        (lambda dish: np.asarray(dish) / 255, [SRGB_CHUNK, gamma_chunk(1.0)]),
        (lambda dish: np.asarray(dish) / 255, [(b"cICP", b"\1\x0d\0\1"), gamma_chunk(1.0)]),
        (lambda dish: np.asarray(dish) / 255, [gamma_chunk(0.45455)]),
        (lambda dish: np.asarray(dish) / 255, [places_chunk(*P3)]),
    ],
    ids=["linear", "Mac", "wide", "code points", "linear code points", "sRGB", "sRGB by code",
         "the gamma of sRGB", "no gamma"],
)  # fmt: skip
def test_colors_that_a_png_names_in_chunks_are_shown_as_they_were_seen(
    change, chunks, dish, is_near
):
    found = decode(with_chunks(stored(change(dish)), *chunks), 10**6)
    assert is_near(found.image, dish, 1) and not found.odd_profile
    gray = dish.convert("L")
    if change is light:
        found = decode(with_chunks(stored(light(gray)), *chunks), 10**6)
        assert is_near(found.image, gray.convert("RGB"), 1) and not found.odd_profile


@pytest.mark.parametrize(
    "chunks",
    [[gamma_chunk(0)], [gamma_chunk(30_000)], [gamma_chunk(0.5), places_chunk(*[0.0] * 8)],
     [gamma_chunk(0.5), places_chunk(0.3, 0.3, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3)]],
    ids=["none", "endless", "no colors", "colors on a line"],
)  # fmt: skip
def test_chunks_without_meaning_are_passed_over_and_said(chunks, dish):
    found = decode(with_chunks(dish, *chunks), 10**6)
    assert np.array_equal(found.image, dish) and found.odd_profile


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_code_points_of_avif_and_heif_are_followed(kind, noise, encode, is_near):
    register_heif_opener()
    dish = noise(1, 64, 64)

    def coded(picture, primaries, curve):
        head, mark, rest = encode(picture, kind, quality=95).partition(b"colrnclx")
        return head + mark + struct.pack(">HH", primaries, curve) + rest[4:]

    plain = decode(encode(dish, kind, quality=95), 10**6).image
    found = decode(coded(stored(curved(wide(dish))), 12, 13), 10**6)
    assert is_near(found.image, plain, 2.5) and not found.odd_profile
    with pytest.raises(BadPicture, match="HDR") as told:
        decode(coded(dish, 9, 16), 10**6)
    assert told.value.reason == "not_an_image"


@pytest.mark.parametrize("codes, kind", [(b"\x09\x10\0\1", "HDR"), (b"\1\x0d\1\0", "video")])
def test_colors_that_no_viewer_of_eight_bits_has_are_refused(codes, kind, dish):
    with pytest.raises(BadPicture, match=kind) as told:
        decode(with_chunks(dish, (b"cICP", codes)), 10**6)
    assert told.value.reason == "not_an_image"


def test_lab_is_turned_with_and_without_its_profile(dish, encode, is_near):
    spaces = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(dish, *spaces, outputMode="LAB")
    profile = lab.info.pop("icc_profile")
    for options in ({}, {"icc_profile": profile}):
        found = decode(encode(lab, "TIFF", **options), 10**6)
        assert is_near(found.image, dish, 1.5) and not found.odd_profile


def test_gray_with_a_profile_of_colors_is_read_by_it(dish, encode, is_near):
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    gray = dish.convert("L")
    found = decode(encode(gray, "PNG", icc_profile=own), 10**6)
    assert is_near(found.image, gray.convert("RGB"), 1) and not found.odd_profile


@pytest.mark.parametrize(
    "kind, tags, reason",
    [("<u2", {262: 0}, "not_an_image"), ("<u4", {}, "broken"), ("<i2", {339: 2}, "broken")],
)
def test_gray_that_would_come_out_as_another_is_refused(kind, tags, reason, dish):
    gray = np.asarray(dish.convert("L")).astype(float) / 255
    span = np.iinfo(kind)
    values = (span.min + gray * (float(span.max) - span.min)).astype(kind)
    with pytest.raises(BadPicture) as told:
        decode(gray_tiff(values, tags), 10**6)
    assert told.value.reason == reason


def test_a_tag_of_an_odd_type_does_not_matter(dish, is_near):
    gray = np.asarray(dish.convert("L"))
    data = bytearray(gray_tiff(gray, {254: 0}))
    at = data.index(struct.pack("<HHI", 254, 4, 1))
    data[at : at + 12] = struct.pack("<HHI4s", 254, 2, 4, b"yes\0")
    assert is_near(decode(bytes(data), 10**6).image, dish.convert("L").convert("RGB"), 1)
