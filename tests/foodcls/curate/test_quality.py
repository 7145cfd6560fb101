"""Each property is measured on pictures that have it and no other; flags are advice alone."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from foodcls.curate import quality
from foodcls.curate.inspect import inspect
from foodcls.curate.quality import Measures, flag_pictures, flag_words, measure, shrink_grey
from foodcls.settings import Inspect, Quality

FINE = Measures(
    sharpness=0.5, brightness=0.9, contrast=0.9, information=7.0, elongation=1.3, side=200
)


def plain(level: int, width: int = 60, height: int = 40) -> Image.Image:
    return Image.new("RGB", (width, height), (level,) * 3)


def ramp(low: int, high: int, width: int = 256, height: int = 40) -> Image.Image:
    """From `low` at the left to `high` at the right."""
    row = np.linspace(low, high, width).round().astype(np.uint8)
    return Image.fromarray(np.tile(row, (height, 1))).convert("RGB")


def board(low: int = 0, high: int = 255, tile: int = 8, side: int = 200) -> Image.Image:
    """A chess board."""
    places = np.indices((side, side)) // tile
    return Image.fromarray(
        np.where(places.sum(axis=0) % 2, high, low).astype(np.uint8)
    ).convert("RGB")  # fmt: skip


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
    assert quality.sharpness(shrink_grey(image)) == pytest.approx(wanted, abs=1e-3)


def test_the_more_a_picture_is_blurred_the_less_sharp_it_is() -> None:
    blurred = [board().filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2, 3)]
    found = [quality.sharpness(shrink_grey(image)) for image in blurred]
    assert found == sorted(found, reverse=True) and found[0] > 3 * found[-1]


def test_grain_that_no_network_sees_is_not_sharpness() -> None:
    large = board(tile=1, side=1792).convert("L")
    assert quality.sharpness(shrink_grey(large.convert("RGB"))) == 0.0


@pytest.mark.parametrize(
    ("image", "wanted"),
    [(plain(0), 0.0), (plain(255), 1.0), (plain(51), 0.2), (ramp(0, 100), 95 / 255)],
    ids=["black", "white", "dark grey", "dark ramp"],
)
def test_brightness_is_that_of_the_bright_parts(image: Image.Image, wanted: float) -> None:
    assert quality.brightness(shrink_grey(image)) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        (plain(0), 0.0),
        (plain(200), 0.0),
        (board(), 1.0),
        (board(0, 20), 1.0),
        (board(150, 200), 0.25),
    ],
    ids=["black", "grey", "black and white", "dark", "fog"],
)
def test_contrast_is_relative_so_that_dark_is_not_pale(image: Image.Image, wanted: float) -> None:
    assert quality.contrast(shrink_grey(image)) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [(plain(7), 0.0), (board(), 1.0), (ramp(0, 255).resize((224, 8)), 7.8)],
    ids=["one tone", "two tones", "all tones"],
)
def test_information_is_counted_in_bits(image: Image.Image, wanted: float) -> None:
    assert quality.information(shrink_grey(image)) == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("size", [(300, 100), (100, 300)], ids=["wide", "high"])
def test_shape_and_size_are_those_of_the_whole_picture(size: tuple[int, int]) -> None:
    found = measure(plain(3, *size))
    assert (found.elongation, found.side) == (3.0, 100)
    assert measure(plain(3, 3000, 1000)).side == 1000


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (board(tile=20), ""),
        (board(tile=20).filter(ImageFilter.GaussianBlur(8)), "blurred"),
        (board(0, 40, tile=20), "dark"),
        (board(190, 230, tile=20), "washed-out"),
        (board(tile=20).crop((0, 0, 200, 50)), "odd-shape tiny"),
        (board(tile=20).crop((0, 0, 60, 60)), "tiny"),
        (plain(10, 120, 120), "blurred dark washed-out"),
    ],
    ids=["fine", "blurred", "dark", "pale", "strip", "tiny", "one dark tone"],
)
def test_each_flag_is_raised_for_what_it_says(image: Image.Image, words: str) -> None:
    # a chess board has one bit
    assert flag_words(measure(image), Quality(low_information=0)) == words


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, ""),
        ({"blurred": 0.6}, "blurred"),
        ({"dark": 0.95}, "dark"),
        ({"washed_out": 0.95}, "washed-out"),
        ({"low_information": 7.5}, "low-information"),
        ({"odd_shape": 1.2}, "odd-shape"),
        ({"tiny": 201}, "tiny"),
        ({"dark": 0.95, "tiny": 201}, "dark tiny"),
        ({"blurred": 0.5, "dark": 0.9, "odd_shape": 1.3, "tiny": 200}, ""),
    ],
    ids=lambda value: str(value)[:24],
)
def test_thresholds_are_the_recipes(limits: dict[str, float], words: str) -> None:
    assert flag_words(FINE, Quality(**limits)) == words


@pytest.fixture
def inspected(store, encode, noise, put_rows) -> pd.DataFrame:
    files = [encode(noise(1, 200, 150)), encode(noise(2, 300, 40)), b"no picture"]
    rows = put_rows(*((file, "beans") for file in files))
    return inspect(rows, store, Inspect(), "phash")


def test_flags_drop_nothing(store, inspected: pd.DataFrame) -> None:
    flagged = flag_pictures(inspected, store, Quality(blurred=0, tiny=80, low_information=0))
    assert flagged["flags"].tolist() == ["", "odd-shape tiny", ""]
    pd.testing.assert_frame_equal(flagged.assign(flags=""), inspected)


def test_another_threshold_measures_nothing_again(store, inspected, monkeypatch) -> None:
    # would be missed if it were decoded again
    store.path(inspected["id"].iloc[0]).unlink()
    all_flagged = flag_pictures(inspected, store, Quality(dark=1.0, tiny=1000))
    assert all_flagged["flags"].str.contains("dark").tolist() == [True, True, False]


def test_what_was_not_remembered_is_measured_from_the_file(store, inspected) -> None:
    before = flag_pictures(inspected, store, Quality())
    (store.root / "facts.sqlite").unlink()
    again = type(store)(store.root)
    pd.testing.assert_frame_equal(flag_pictures(inspected, again, Quality()), before)


def test_what_is_gone_has_no_flags_and_stops_nothing(store, inspected) -> None:
    (store.root / "facts.sqlite").unlink()
    again = type(store)(store.root)
    for digest in inspected["id"]:
        store.path(digest).unlink()
    assert flag_pictures(inspected, again, Quality(tiny=1000))["flags"].tolist() == [""] * 3


def test_copies_made_for_training_have_no_flags(store, inspected) -> None:
    copies = inspected.assign(parent=inspected["id"])
    both = pd.concat([inspected, copies], ignore_index=True)
    flagged = flag_pictures(both, store, Quality(tiny=1000))["flags"]
    assert (flagged.iloc[:2] != "").all() and (flagged.iloc[3:] == "").all()
