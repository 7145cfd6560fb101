"""What the tests of the sample web share: dice, a camera, and a look at a layer of strokes."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from foodcls.sample.brush import Stroke
from foodcls.sample.dishes import LABELS
from foodcls.sample.render import Camera, paint
from foodcls.sample.web import SampleItem, SampleWeb


@pytest.fixture
def dice() -> random.Random:
    return random.Random(7)


@pytest.fixture
def camera() -> Camera:
    return Camera(120, 100, 40, 0.0, 1.0, (0.0, 0.0))


@pytest.fixture
def touched(camera: Camera) -> Callable[[Sequence[Stroke]], np.ndarray]:
    """Which pixels the strokes change, seen from above."""
    blank = np.asarray(paint([Stroke(np.zeros((3, 2)), (0, 0, 0), 0)], camera))[0, 0]

    def look(strokes: Sequence[Stroke]) -> np.ndarray:
        return (np.asarray(paint(strokes, camera)) != blank).any(axis=2)

    return look


@pytest.fixture
def item_of() -> Callable[[SampleWeb, str], SampleItem]:
    """The first item of that kind, form or manner in a web."""

    def find(web: SampleWeb, trait: str) -> SampleItem:
        items = (item for label in LABELS for item in web.items(label))
        return next(item for item in items if trait in (item.kind, item.form, item.manner))

    return find
