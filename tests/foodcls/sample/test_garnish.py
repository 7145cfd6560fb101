"""Tests of foodcls.sample.garnish."""

import math
import random

import numpy as np
import pytest

from foodcls.sample import garnish
from foodcls.sample.brush import Stroke


def _reach(strokes: list[Stroke]) -> float:
    return float(np.hypot(*np.concatenate([stroke.points for stroke in strokes]).T).max())


def test_beside_goes_the_distance() -> None:
    assert garnish.beside((1, 1), math.pi / 2, 2) == pytest.approx((1, 3))


def test_sauce_covers_its_radius(dice: random.Random) -> None:
    strokes = garnish.sauce(dice, 0.8, (200, 40, 20), 90)
    assert 0.7 < _reach(strokes) < 1.0
    assert strokes[-1].height > strokes[0].height


def test_flecks_stay_inside(dice: random.Random) -> None:
    flecks = garnish.flecks(dice, 40, 0.5, (0, 90, 0), 10)
    assert len(flecks) == 40
    assert _reach(flecks) < 0.6


def test_crumbs_lie_one_at_each_place(dice: random.Random) -> None:
    places = [(0.1 * k, 0.0) for k in range(7)]
    crumbs = garnish.crumbs(dice, places, 0.02, (120, 60, 30), 5, 10)
    seen = {round(float(stroke.points[:, 0].mean()), 1) for stroke in crumbs}
    assert seen == {round(x, 1) for x, _ in places}


@pytest.mark.parametrize(
    "thing", [garnish.lemon_slice, garnish.lemon_wedge], ids=["slice", "wedge"]
)
def test_lemons_are_yellow_and_of_radius_one(thing, dice: random.Random) -> None:
    strokes = thing(dice)
    assert 0.8 < _reach(strokes) < 1.3
    red, green, blue = strokes[1].color
    assert red > green > 2 * blue


def test_herbs_are_green(dice: random.Random) -> None:
    sprigs = [
        garnish.basil_sprig(dice, (0, 0), 0.3, 3, 100),
        garnish.parsley(dice, (0, 0), 0.3, 100),
        garnish.rosemary(dice, (0, 0), 0.3, 100)[4:],
    ]
    for sprig in sprigs:
        assert all(green > blue for _, (_, green, blue), _ in sprig)


def test_a_sprig_without_leaves_is_nothing(dice: random.Random) -> None:
    assert garnish.basil_sprig(dice, (0, 0), 0.3, 0, 100) == []


def test_olives_shine() -> None:
    strokes = garnish.olive(0.1, (60, 50, 50))
    assert sum(strokes[-1].color) > 2 * sum(strokes[0].color)
