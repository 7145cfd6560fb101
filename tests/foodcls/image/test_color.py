"""Pictures of other profiles are seen in the colors that a viewer shows."""

import io

import numpy as np
import pytest
from color_profiles import PRIMARIES, gray_profile, press_profile, rgb_profile
from PIL import Image, ImageCms

from foodcls.image.color import MAX_BYTES, to_srgb
from foodcls.image.decode import decode
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
