"""Tests of foodcls.sample.scene."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import imagehash
import numpy as np
import pytest

from foodcls.sample.dishes import LABELS
from foodcls.sample.render import paint
from foodcls.sample.scene import compose, draw, true_box

WANTED = [(label, number) for label in LABELS[::3] for number in range(2)]


def _bytes(wanted: tuple[str, int]) -> bytes:
    return draw(compose(0, *wanted)).tobytes()


def test_pictures_are_the_same_in_any_order_and_thread() -> None:
    alone = [_bytes(wanted) for wanted in WANTED]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(_bytes, reversed(WANTED)))
    assert alone == together[::-1]


def test_seed_class_and_number_each_change_the_picture() -> None:
    pictures = {
        draw(compose(*key)).tobytes()
        for key in ((0, "beans", 0), (1, "beans", 0), (0, "beans", 1), (0, "salad", 0))
    }
    assert len(pictures) == 4


@pytest.mark.parametrize("label", LABELS)
def test_box_holds_every_pixel_of_the_dish(label: str) -> None:
    scene = compose(0, label, 4)
    with_dish = np.asarray(paint([*scene.around, *scene.dish], scene.camera))
    without = np.asarray(paint(scene.around, scene.camera))
    rows, columns = np.nonzero((with_dish != without).any(axis=2))
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    box, width, height = true_box(0, label, 4)
    assert with_dish.shape[:2] == (height, width)
    assert all(abs(a - b) <= 2 for a, b in zip(box, found, strict=True)), (box, found)


def test_boxes_lie_inside_and_are_large_enough_to_see() -> None:
    for label in LABELS:
        for number in range(20):
            (xmin, ymin, xmax, ymax), width, height = true_box(0, label, number)
            assert 0 <= xmin < xmax <= width and 0 <= ymin < ymax <= height
            assert (xmax - xmin) * (ymax - ymin) > 0.02 * width * height


def test_no_two_pictures_pass_for_duplicates() -> None:
    hashes = [
        imagehash.phash(draw(compose(0, label, number)))
        for label in ("bread", "grilled_pork_cutlet")
        for number in range(12)
    ]
    distances = [a - b for i, a in enumerate(hashes) for b in hashes[:i]]
    # the recipe's default calls up to 6 bits the same picture
    assert min(distances) > 6


def test_light_is_part_of_the_scene() -> None:
    scene = compose(0, "rabbit", 0)
    dim = replace(scene, light=replace(scene.light, tint=(0.4, 0.4, 0.4)))
    assert np.mean(draw(dim)) < 0.8 * np.mean(draw(scene))
