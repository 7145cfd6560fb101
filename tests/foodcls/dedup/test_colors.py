"""A gap between colours is what no change of brightness or contrast explains."""

import numpy as np
import pytest

from foodcls.dedup.colors import colour_gaps


@pytest.fixture
def cells():
    return np.random.default_rng(0).integers(40, 190, (1, 64, 3)).astype(np.float32)


@pytest.mark.parametrize("gain, shift", [(1, 0), (0.7, 10), (1.25, 0), (1, 30)], ids=str)
def test_other_light_is_no_gap(cells, gain, shift):
    assert colour_gaps(cells, cells * gain + shift)[0] < 1
    assert colour_gaps(cells * gain + shift, cells)[0] < 1


def test_levels_that_were_lost_are_no_gap(cells):
    bright = np.clip(cells * 1.5, 0, 255)
    assert (bright == 255).mean() > 0.1 and colour_gaps(cells, bright)[0] < 1


def test_a_tenth_of_the_cells_may_be_anything(cells):
    for odd, is_gap in ((6, False), (8, True)):
        changed = cells.copy()
        changed[0, :odd] = 255 - changed[0, :odd]
        assert (colour_gaps(cells, changed)[0] > 25) == is_gap


def test_other_colours_of_one_brightness_are_a_gap(cells):
    red, green = cells.copy(), cells.copy()
    red[0, :16], green[0, :16] = (150, 60, 60), (76, 98, 60)
    assert colour_gaps(red, green)[0] > 25


def test_nothing_that_is_whole_leaves_a_number():
    white, black = np.full((1, 64, 3), 255.0), np.zeros((1, 64, 3))
    assert np.isfinite(colour_gaps(white, black)).all() and colour_gaps(white, white)[0] == 0
