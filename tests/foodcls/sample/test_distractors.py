"""Tests of foodcls.sample.distractors."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from foodcls.sample import distractors


@pytest.mark.parametrize("draw", [distractors.menu, distractors.cat, distractors.landscape])
def test_strangers_differ_with_the_dice_alone(draw: Callable) -> None:
    first, again, other = (draw(random.Random(seed)) for seed in (1, 1, 2))
    assert first.mode == "RGB"
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_placeholder_is_always_the_same() -> None:
    assert np.array_equal(distractors.placeholder(), distractors.placeholder())
