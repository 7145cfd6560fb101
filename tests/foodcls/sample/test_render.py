"""Tests of foodcls.sample.render."""

import math
from dataclasses import replace

import numpy as np
import pytest

from foodcls.sample.brush import Stroke, body
from foodcls.sample.render import Camera, Light, bounds, paint, project, shade
from foodcls.sample.shapes import disc

DOME = body(disc(0.5, 0.5, 40), (160, 160, 160), 20, 60)
STILL = Light(0.0, shadow=0, gloss=0, vignette=0, noise=0)


def test_project_puts_the_center_in_the_middle(camera: Camera) -> None:
    shifted = replace(camera, center=(2.0, 1.0))
    point = project([Stroke(np.array([[2.0, 1.0]]), (0, 0, 0), 0)], shifted)
    assert point[0] == pytest.approx((60, 50))


def test_what_stands_high_moves_up_when_seen_from_the_side(camera: Camera) -> None:
    side = replace(camera, squeeze=0.7)
    low, high = (Stroke(np.array([[0.0, 0.0]]), (0, 0, 0), height) for height in (0, 100))
    assert project([high], side)[0, 1] < project([low], side)[0, 1]
    assert project([high], camera)[0, 1] == project([low], camera)[0, 1]


def test_bounds_are_the_painted_pixels(camera: Camera) -> None:
    changed = np.asarray(paint(DOME, camera))[..., 0] != np.asarray(paint(DOME, camera))[0, 0, 0]
    rows, columns = np.nonzero(changed)
    painted = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert bounds(DOME, camera) == pytest.approx(painted, abs=1)


def test_bounds_stay_in_the_picture(camera: Camera) -> None:
    big = [Stroke(disc(9, 9), (0, 0, 0), 0)]
    assert bounds(big, camera) == (0, 0, 120, 100)
    away = bounds(big, replace(camera, center=(90.0, 90.0)))
    assert 0 <= away[0] < away[2] <= 120 and 0 <= away[1] < away[3] <= 100


@pytest.mark.parametrize(("angle", "side"), [(math.pi, "left"), (0.0, "right")])
def test_the_side_towards_the_light_is_brighter(camera: Camera, angle: float, side: str) -> None:
    lit = np.asarray(shade(paint(DOME, camera), replace(STILL, angle=angle), 0)).mean(axis=2)
    left, right = lit[40:60, 42:60].mean(), lit[40:60, 60:78].mean()
    assert (left > right) == (side == "left")


def test_shadow_falls_away_from_the_light(camera: Camera) -> None:
    flat = [Stroke(disc(9, 9, 4), (160, 160, 160), 20), Stroke(disc(0.5, 0.5), (160,) * 3, 120)]
    lit = np.asarray(shade(paint(flat, camera), replace(STILL, shadow=0.8, angle=math.pi), 0))
    assert lit[50, 81].mean() < lit[50, 38].mean() - 10


def test_tint_colors_the_light(camera: Camera) -> None:
    gray = [Stroke(disc(9, 9, 4), (100, 100, 100), 20)]
    lit = np.asarray(shade(paint(gray, camera), replace(STILL, tint=(1.2, 1.0, 0.8)), 0))
    assert lit[50, 60] == pytest.approx((120, 100, 80), abs=6)


def test_camera_sees_what_is_near(camera: Camera) -> None:
    assert camera.sees((1.0, 0.0), 0.1)
    assert not camera.sees((5.0, 0.0), 0.1)
    assert camera.sees((5.0, 0.0), 4.0)
