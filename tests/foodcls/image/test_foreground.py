"""Proposed boxes lie round what stands out: on plain backgrounds, on tables, on photographs."""

import os
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from foodcls.image.foreground import (
    cut_out,
    find_foreground,
    max_sum_box,
    otsu_threshold,
    propose_box,
)

ROOT = Path(__file__).resolve().parents[3]
FRUIT = Path(os.environ.get("FOODCLS_REAL_DATA", ROOT.parent / "shared/data")) / "fruit_boxes"


@pytest.fixture
def benchmark():
    return runpy.run_path(str(ROOT / "benchmarks" / "propose.py"), run_name="propose")


def stripes(size=(480, 360)):
    """A table cloth."""
    image = Image.new("RGB", size, (225, 218, 200))
    pen = ImageDraw.Draw(image)
    for x in range(0, size[0], 40):
        pen.rectangle((x, 0, x + 18, size[1]), (90, 100, 130))
    return image


def crumbs(box, seed=0):
    """Red and yellow bits, side by side."""
    dice = np.random.default_rng(seed)
    bits = dice.choice([[190, 40, 30], [230, 180, 60], [120, 30, 20]], ((box[3] - box[1]) // 8,
                       (box[2] - box[0]) // 8)).astype(np.uint8)  # fmt: skip
    return Image.fromarray(bits).resize((box[2] - box[0], box[3] - box[1]), 0)


@pytest.mark.parametrize("ground", ["white", "black", (60, 140, 90)])
@pytest.mark.parametrize("box", [(60, 80, 260, 300), (300, 40, 440, 160), (10, 10, 470, 350)])
def test_a_thing_on_a_plain_background_is_boxed(benchmark, ground, box):
    image = Image.new("RGB", (480, 360), ground)
    ImageDraw.Draw(image).ellipse(box, (200, 30, 40))
    assert benchmark["overlap"](propose_box(image), box) > 0.8


def test_two_things_are_boxed_together(benchmark):
    image = Image.new("RGB", (480, 360), "white")
    for box in ((40, 120, 160, 240), (300, 120, 420, 240)):
        ImageDraw.Draw(image).ellipse(box, (230, 140, 20))
    assert benchmark["overlap"](propose_box(image), (40, 120, 420, 240)) > 0.8


def test_a_stalk_is_not_boxed(benchmark):
    image = Image.new("RGB", (480, 360), "white")
    pen = ImageDraw.Draw(image)
    pen.line((240, 10, 240, 180), (90, 60, 30), 8)
    pen.ellipse((160, 160, 320, 320), (200, 30, 40))
    assert benchmark["overlap"](propose_box(image), (160, 160, 320, 320)) > 0.8


@pytest.mark.parametrize("box", [(140, 100, 340, 260), (200, 80, 360, 220), (160, 140, 300, 260)])
def test_the_plate_is_not_boxed_as_the_dish(benchmark, box):
    image = stripes()
    around = (box[0] - 50, box[1] - 50, box[2] + 50, box[3] + 50)
    ImageDraw.Draw(image).ellipse(around, (240, 240, 238))
    image.paste(crumbs(box), box[:2])
    overlap = benchmark["overlap"]
    assert overlap(propose_box(image), box) > 0.7 > overlap(around, box)


@pytest.mark.parametrize("size", [(1, 1), (400, 1), (1, 400), (3, 3), (4000, 30)])
def test_odd_sizes_do_not_matter(size, noise):
    box = propose_box(noise(3, *size))
    assert box is None or (0 <= box[0] < box[2] <= size[0] and 0 <= box[1] < box[3] <= size[1])


def test_nothing_stands_out_of_one_colour():
    assert propose_box(Image.new("RGB", (300, 200), "tan")) is None


def test_the_same_picture_gets_the_same_box(noise):
    assert len({propose_box(noise(5, 320, 200)) for _ in range(3)}) == 1


def test_the_richest_box_is_found_among_all():
    values = np.random.default_rng(1).normal(-0.2, 1, (6, 7))
    boxes = [(left, top, right, bottom) for left in range(7) for right in range(left + 1, 8)
             for top in range(6) for bottom in range(top + 1, 7)]  # fmt: skip
    best = max(boxes, key=lambda box: values[box[1] : box[3], box[0] : box[2]].sum())
    assert max_sum_box(values) == best


def test_where_nothing_is_gained_the_least_loss_is_one_cell():
    values = np.full((4, 5), -1.0)
    values[2, 3] = -0.5
    assert max_sum_box(values) == (3, 2, 4, 3)


def test_otsu_parts_two_heaps():
    values = np.concatenate([np.linspace(0.1, 0.3, 90), np.linspace(0.7, 0.9, 30)])
    assert 0.28 < otsu_threshold(values) < 0.71


def test_boxes_on_drawn_canteen_pictures_beat_a_centre_crop(benchmark):
    samples = list(benchmark["draw_sample"](per_class=2, seed=1))
    found = benchmark["score"](samples, propose_box)[:, 0].mean()
    assert found > strongest_centre(benchmark, samples) + 0.08


@pytest.mark.skipif(not FRUIT.is_dir(), reason=f"no photographs at {FRUIT}; FOODCLS_REAL_DATA")
def test_boxes_on_photographs_beat_a_centre_crop(benchmark):
    samples = list(benchmark["read_fruit"](FRUIT))
    union, best = benchmark["score"](samples, propose_box).mean(axis=0)
    assert union > 0.73 and best > 0.55
    assert union > strongest_centre(benchmark, samples) + 0.08


def strongest_centre(benchmark, samples):
    """Mean IoU of the centered box of the share of the sides that is the best for them."""
    return max(
        benchmark["score"](samples, lambda image, s=share: benchmark["central_box"](image, s))[
            :, 0
        ].mean()
        for share in benchmark["SHARES"]
    )


WHITE = (255, 255, 255)


@pytest.fixture
def dish() -> Image.Image:
    image = Image.new("RGB", (240, 160), (70, 90, 160))
    ImageDraw.Draw(image).ellipse((80, 30, 180, 130), (200, 40, 30))
    return image


def test_the_dish_stays_and_the_table_goes(dish: Image.Image) -> None:
    found = np.asarray(cut_out(dish, WHITE)).astype(int)
    disc = (found == [200, 40, 30]).all(axis=2)
    wanted = (np.asarray(dish) == [200, 40, 30]).all(axis=2)
    assert disc.sum() > 0.97 * wanted.sum()
    assert (found[~disc] == 255).all(axis=1).mean() > 0.5


def test_what_is_cut_out_fills_its_picture(dish: Image.Image) -> None:
    found = cut_out(dish, WHITE)
    assert all(101 <= side <= 125 for side in found.size)
    changed = (np.asarray(found) != 255).any(axis=2)
    assert all(line.any() for line in (changed[0], changed[-1], changed[:, 0], changed[:, -1]))


def test_edges_are_soft(dish: Image.Image) -> None:
    large = dish.resize((960, 640), Image.Resampling.NEAREST)
    row = np.asarray(cut_out(large, WHITE))[200, :, 2]
    assert len(np.unique(row)) > 5


def test_a_picture_in_which_nothing_stands_out_stays_as_it_is() -> None:
    plain = Image.new("RGB", (60, 40), (120, 130, 140))
    assert cut_out(plain, WHITE) is plain


def test_the_mask_has_the_pictures_shape(dish: Image.Image) -> None:
    assert find_foreground(dish).shape == (32, 48)
