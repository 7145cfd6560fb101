"""Tests of foodcls.sample.strangers."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from foodcls.sample import strangers


@pytest.mark.parametrize("draw", [strangers.menu, strangers.cat, strangers.landscape])
def test_strangers_differ_with_the_dice_alone(draw: Callable) -> None:
    first, again, other = (draw(random.Random(seed)) for seed in (1, 1, 2))
    assert first.mode == "RGB"
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_placeholder_is_always_the_same() -> None:
    assert np.array_equal(strangers.placeholder(), strangers.placeholder())
