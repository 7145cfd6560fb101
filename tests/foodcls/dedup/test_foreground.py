"""A plain ground does not count; what stands before it does."""

import numpy as np
import pytest

from foodcls.dedup.foreground import correlate_foregrounds


def before(ground, seed, size=6):
    """Random cells in the middle of 16 by 16 of one colour."""
    picture = np.full((1, 16, 16, 3), ground, np.float32)
    start = 8 - size // 2
    patch = np.random.default_rng(seed).integers(0, 256, (size, size, 3))
    picture[:, start : start + size, start : start + size] = patch
    return picture.reshape(1, 256, 3)


@pytest.mark.parametrize("ground", [(255, 255, 255), (90, 90, 95), (20, 60, 160)], ids=str)
def test_two_things_before_one_ground_do_not_correlate(ground):
    one, other = before(ground, 1), before(ground, 2)
    assert correlate_foregrounds(one, other)[0] < 0.4
    assert correlate_foregrounds(one, one)[0] == pytest.approx(1)
    # noise of a file does not hide the ground
    noise = np.random.default_rng(3).normal(0, 2, one.shape)
    assert correlate_foregrounds(one, other + noise)[0] < 0.4


def test_pictures_without_a_plain_ground_are_compared_as_a_whole():
    dice = np.random.default_rng(0)
    one, other = dice.integers(0, 256, (2, 1, 256, 3)).astype(np.float32)
    wanted = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert correlate_foregrounds(one, other)[0] == pytest.approx(wanted, abs=1e-4)


def test_too_little_before_a_ground_tells_nothing():
    white = np.full((1, 256, 3), 255, np.float32)
    assert correlate_foregrounds(white, white)[0] == 1
    assert correlate_foregrounds(before(255, 1, 2), before(255, 2, 2))[0] == 1
