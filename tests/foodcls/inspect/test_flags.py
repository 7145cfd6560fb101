"""Flags are raised for what they say, by the recipe's thresholds, and are advice alone."""

from dataclasses import replace

import pandas as pd
import pytest
from picture_fixtures import board
from PIL import Image, ImageFilter

from foodcls.image.quality import Measures, measure
from foodcls.inspect import flags
from foodcls.inspect.flags import flag_pictures, flag_words
from foodcls.inspect.inspect import inspect
from foodcls.recipe.data_settings import Inspect, Quality

FINE = Measures(
    sharpness=0.5, brightness=0.9, contrast=0.9, information=7.0, elongation=1.3, side=200
)


def plain(level: int, width: int = 60, height: int = 40) -> Image.Image:
    return Image.new("RGB", (width, height), (level,) * 3)


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


def test_a_broken_profile_of_colors_is_flagged() -> None:
    assert flag_words(replace(FINE, odd_profile=True), Quality()) == "broken-profile"


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


def test_flags_of_pictures_looked_at_some_at_a_time_are_the_same(
    store, inspected: pd.DataFrame, monkeypatch
) -> None:
    whole = flag_pictures(inspected, store, Quality(tiny=1000))
    monkeypatch.setattr(flags, "PART", 1)
    pd.testing.assert_frame_equal(flag_pictures(inspected, store, Quality(tiny=1000)), whole)
    assert (whole["flags"] != "").sum() == 2 and (inspected["flags"] == "").all()


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
