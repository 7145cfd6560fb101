"""Tests of foodcls.sample.dishes and the modules that draw its dishes."""

import random

import numpy as np
import pytest

from foodcls.sample.dishes import DISHES, LABELS
from foodcls.sample.render import Camera, Light, paint, shade

OVERHEAD = Camera(64, 64, 30, 0.0, 1.0, (0.0, 0.0))


def test_labels_are_the_thirteen_in_output_order() -> None:
    assert len(LABELS) == 13
    assert (LABELS[0], LABELS[5], LABELS[-1]) == (
        "pasta_with_pesto",
        "grilled_pork_cutlet",
        "bread",
    )


@pytest.mark.parametrize("label", LABELS)
def test_same_dice_draw_the_same_dish(label: str) -> None:
    first, second = (DISHES[label](random.Random(3)) for _ in range(2))
    assert all(np.array_equal(a.points, b.points) for a, b in zip(first, second, strict=True))
    assert [stroke[1:] for stroke in first] == [stroke[1:] for stroke in second]


@pytest.mark.parametrize("label", LABELS)
def test_other_dice_draw_another_dish(label: str) -> None:
    first, second = (DISHES[label](random.Random(seed)) for seed in (3, 4))
    assert not np.array_equal(paint(first, OVERHEAD), paint(second, OVERHEAD))


@pytest.mark.parametrize("label", LABELS)
def test_a_dish_fits_its_plate(label: str) -> None:
    for seed in range(8):
        points = np.concatenate([stroke.points for stroke in DISHES[label](random.Random(seed))])
        assert 0.5 < np.hypot(*points.T).max() < 1.3


def test_dishes_differ_in_what_a_simple_eye_sees() -> None:
    def histogram(label: str, seed: int) -> np.ndarray:
        lit = shade(paint(DISHES[label](random.Random(seed)), OVERHEAD), Light(0.0), 0)
        pixels = np.asarray(lit).reshape(-1, 3)
        return np.histogramdd(pixels, 6, [(0, 256)] * 3)[0].ravel() ** 0.5

    known = {label: np.mean([histogram(label, s) for s in range(6)], axis=0) for label in LABELS}
    right = 0
    for label in LABELS:
        for seed in range(50, 54):
            seen = histogram(label, seed)
            right += (
                min(known, key=lambda other: float(np.sum((known[other] - seen) ** 2))) == label
            )
    # by chance it would be 4 of 52
    assert right > 30
