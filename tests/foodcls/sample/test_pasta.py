"""Tests of foodcls.sample.pasta."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from foodcls.sample import pasta
from foodcls.sample.render import Camera, paint


def _mean_color(cook: Callable, camera: Camera) -> np.ndarray:
    plates = [np.asarray(paint(cook(random.Random(seed)), camera)) for seed in range(6)]
    return np.mean([plate[35:65, 45:75, :3].mean(axis=(0, 1)) for plate in plates], axis=0)


def test_each_sauce_has_its_color(camera: Camera) -> None:
    pesto, tomato = (_mean_color(c, camera) for c in (pasta.with_pesto, pasta.with_tomato_sauce))
    assert pesto[1] > pesto[0] > pesto[2]
    assert tomato[0] > 1.8 * tomato[1]


def test_meat_is_darker_than_tomato(camera: Camera) -> None:
    meat, tomato = (
        _mean_color(c, camera) for c in (pasta.with_meat_sauce, pasta.with_tomato_sauce)
    )
    assert meat[0] < tomato[0] - 20


@pytest.mark.parametrize("seed", range(4))
def test_mussels_are_the_darkest_thing_on_the_plate(seed: int) -> None:
    colors = {stroke.color for stroke in pasta.with_clams_and_mussels(random.Random(seed))}
    darkest = min(colors, key=sum)
    assert darkest[2] >= darkest[0]
    assert sum(darkest) < 150
