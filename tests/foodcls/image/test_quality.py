"""Each property is measured on pictures that have it and no other."""

import numpy as np
import pytest
from picture_fixtures import board
from PIL import Image, ImageFilter

from foodcls.image import quality
from foodcls.image.quality import measure, shrink_gray


def plain(level: int, width: int = 60, height: int = 40) -> Image.Image:
    return Image.new("RGB", (width, height), (level,) * 3)


def ramp(low: int, high: int, width: int = 256, height: int = 40) -> Image.Image:
    """From `low` at the left to `high` at the right."""
    row = np.linspace(low, high, width).round().astype(np.uint8)
    return Image.fromarray(np.tile(row, (height, 1))).convert("RGB")


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        (plain(120), 0.0),
        (board(), 1.0),
        (board(100, 140), 1.0),
        (board(side=20), 1.0),
        (ramp(0, 255, 200), 2 / 250),
        (plain(9, width=1, height=50), 0.0),
    ],
    ids=["one tone", "edges", "pale edges", "small edges", "ramp", "a line"],
)
def test_sharpness_is_the_steepest_step_of_the_range(image: Image.Image, wanted: float) -> None:
    assert quality.sharpness(shrink_gray(image)) == pytest.approx(wanted, abs=1e-3)


def test_the_more_a_picture_is_blurred_the_less_sharp_it_is() -> None:
    blurred = [board().filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2, 3)]
    found = [quality.sharpness(shrink_gray(image)) for image in blurred]
    assert found == sorted(found, reverse=True) and found[0] > 3 * found[-1]


def test_grain_that_no_network_sees_is_not_sharpness() -> None:
    large = board(tile=1, side=1792).convert("L")
    assert quality.sharpness(shrink_gray(large.convert("RGB"))) == 0.0


@pytest.mark.parametrize(
    ("image", "wanted"),
    [(plain(0), 0.0), (plain(255), 1.0), (plain(51), 0.2), (ramp(0, 100), 95 / 255)],
    ids=["black", "white", "dark gray", "dark ramp"],
)
def test_brightness_is_that_of_the_bright_parts(image: Image.Image, wanted: float) -> None:
    assert quality.brightness(shrink_gray(image)) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        (plain(0), 0.0),
        (plain(200), 0.0),
        (board(), 1.0),
        (board(0, 20), 1.0),
        (board(150, 200), 0.25),
    ],
    ids=["black", "gray", "black and white", "dark", "fog"],
)
def test_contrast_is_relative_so_that_dark_is_not_pale(image: Image.Image, wanted: float) -> None:
    assert quality.contrast(shrink_gray(image)) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [(plain(7), 0.0), (board(), 1.0), (ramp(0, 255).resize((224, 8)), 7.8)],
    ids=["one tone", "two tones", "all tones"],
)
def test_information_is_counted_in_bits(image: Image.Image, wanted: float) -> None:
    assert quality.information(shrink_gray(image)) == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("size", [(300, 100), (100, 300)], ids=["wide", "high"])
def test_shape_and_size_are_those_of_the_whole_picture(size: tuple[int, int]) -> None:
    found = measure(plain(3, *size))
    assert (found.elongation, found.side) == (3.0, 100)
    assert measure(plain(3, 3000, 1000)).side == 1000
