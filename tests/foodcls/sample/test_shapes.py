"""Tests of foodcls.sample.shapes."""

import math
import random

import numpy as np
import pytest

from foodcls.sample.shapes import arc, block, disc, heap, lump, moved, scatter, spun


def test_block_does_not_cross_itself() -> None:
    x, y = block(4, 2, 0.3).T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    # four corners of radius 0.6 are rounded off
    assert area == pytest.approx(8 - (4 - math.pi) * 0.36, rel=0.01)


def test_lump_wanders_no_further_than_told(dice: random.Random) -> None:
    radius = np.hypot(*lump(dice, 1, 1, 0.1).T)
    assert 0.7 < radius.min() < 0.999
    assert 1.001 < radius.max() < 1.3


def test_scatter_ends_in_the_middle(dice: random.Random) -> None:
    places = scatter(dice, 100, 1.0)
    assert np.hypot(*places[0]) > 0.7 > 0.4 > np.hypot(*places[-1])
    assert heap(places[-1]) > heap(places[0])


@pytest.mark.parametrize("angle", [0.0, 1.0, -2.0])
def test_turning_keeps_distances(angle: float) -> None:
    square = block(2, 2, 0)
    assert np.hypot(*spun(square, angle).T) == pytest.approx(np.hypot(*square.T))


def test_moved_turns_before_it_shifts() -> None:
    assert moved(np.array([[1.0, 0.0]]), (5, 5), math.pi / 2)[0] == pytest.approx((5, 6))


def test_an_arc_keeps_its_radius_and_sweep() -> None:
    path = arc((1, 1), 2, 0, math.pi)
    assert np.hypot(*(path - (1, 1)).T) == pytest.approx(2)
    assert path[-1] == pytest.approx((-1, 1))


def test_a_disc_has_its_radii() -> None:
    assert np.abs(disc(3, 2, 40)).max(axis=0) == pytest.approx((3, 2))
