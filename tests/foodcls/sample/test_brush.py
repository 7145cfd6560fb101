"""Tests of foodcls.sample.brush."""

import math
import random

import numpy as np
import pytest

from foodcls.sample.brush import Stroke, blend, body, placed, stamp, strand, tint, vary
from foodcls.sample.shapes import disc


@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0], ids=["black", "half", "too bright"])
def test_tint_stays_in_range(factor: float) -> None:
    assert all(0 <= part <= 255 for part in tint((200, 100, 0), factor))


def test_blend_goes_from_one_color_to_the_other() -> None:
    assert blend((0, 0, 0), (200, 100, 50), 0) == (0, 0, 0)
    assert blend((0, 0, 0), (200, 100, 50), 0.5) == (100, 50, 25)


def test_vary_stays_near(dice: random.Random) -> None:
    near = [vary(dice, (100, 100, 100), 0.1) for _ in range(50)]
    assert len(set(near)) > 5
    assert all(85 <= part <= 115 for color in near for part in color)


def test_body_rises_to_its_middle() -> None:
    strokes = body(disc(1, 1), (100, 100, 100), 60, 20)
    assert [stroke.height for stroke in strokes] == sorted(stroke.height for stroke in strokes)
    assert strokes[-1].height == 80


def test_strand_is_as_wide_as_told() -> None:
    line = np.array(((0.0, 0.0), (1.0, 0.0), (2.0, 0.0)))
    outline = strand(line, 0.5, (9, 9, 9), 0)[0].points
    assert np.ptp(outline[:, 1]) == pytest.approx(0.5)


def test_placed_scales_turns_and_shifts() -> None:
    stroke = Stroke(np.array(((1.0, 0.0), (0.0, 0.0))), (1, 2, 3), 5)
    (moved,) = placed([stroke], (10, 20), 2, math.pi / 2, lift=3)
    assert moved.points == pytest.approx(np.array(((10, 22), (10, 20))))
    assert (moved.color, moved.height) == ((1, 2, 3), 8)


def test_stamp_puts_a_copy_at_each_place(dice: random.Random) -> None:
    template = body(disc(0.1, 0.1), (100, 100, 100), 0)
    copies = stamp(dice, template, [(0.5, 0.5), (-0.5, 0.0)])
    assert len(copies) == 2 * len(template)
    assert copies[0].points.mean(axis=0) == pytest.approx((0.5, 0.5))
    assert copies[-1].points.mean(axis=0) == pytest.approx((-0.5, 0.0))


def test_nothing_is_placed_of_nothing(dice: random.Random) -> None:
    assert placed([], (0, 0)) == stamp(dice, [], []) == []
