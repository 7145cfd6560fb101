"""Tests of foodcls.sample.mains."""

import random

from foodcls.sample import mains
from foodcls.sample.brush import Stroke


def _dark(strokes: list[Stroke]) -> list[Stroke]:
    return [stroke for stroke in strokes if sum(stroke.color) < 240]


def test_pork_has_grill_marks() -> None:
    for seed in range(5):
        assert len(_dark(mains.grilled_pork_cutlet(random.Random(seed)))) > 10


def test_rabbit_shows_its_bones() -> None:
    for seed in range(5):
        pale = [s for s in mains.rabbit(random.Random(seed)) if sum(s.color) > 640]
        assert len(pale) >= 2 * 2


def test_fish_is_longer_than_broad() -> None:
    width, height = (
        max(
            stroke.points[:, axis].max()
            for stroke in mains._fillet(random.Random(1), (200, 150, 60))
        )
        - min(
            stroke.points[:, axis].min()
            for stroke in mains._fillet(random.Random(1), (200, 150, 60))
        )
        for axis in (0, 1)
    )
    assert width > 2 * height


def test_seafood_salad_is_pink_white_and_purple() -> None:
    colors = [stroke.color for stroke in mains.seafood_salad(random.Random(3))]
    assert any(red > 1.4 * blue and red > 200 for red, _, blue in colors)
    assert any(min(color) > 200 for color in colors)
    assert any(blue > 1.2 * green and red > blue for red, green, blue in colors)
