"""A move puts each point where its numbers say, on white."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.image.affine import AffineParams, apply_affine, draw_affine, shrink_to
from foodcls.recipe.data_settings import Augment

STAY = {
    "flip_x": False,
    "flip_y": False,
    "angle": 0.0,
    "shift_x": 0.0,
    "shift_y": 0.0,
    "scale": 1.0,
    "shear": 0.0,
}


def moved(image, **changes):
    return np.asarray(apply_affine(image, AffineParams(**(STAY | changes))))


@pytest.mark.parametrize("size", [(96, 64), (97, 65)], ids=str)
def test_flips_and_stays_are_exact(size, noise):
    image = noise(1, *size)
    assert np.array_equal(moved(image), image)
    assert np.array_equal(moved(image, flip_x=True), ImageOps.mirror(image))
    assert np.array_equal(moved(image, flip_y=True), ImageOps.flip(image))


def test_turns_are_about_the_centre(noise):
    image = noise(1, 80, 80)
    turned = moved(image, angle=90.0)
    wanted = np.asarray(image.transpose(Image.Transpose.ROTATE_270))
    assert np.abs(turned.astype(int) - wanted).max() <= 1


def test_shifts_leave_white(noise):
    image = noise(1, 100, 80)
    found = moved(image, shift_x=0.1, shift_y=-0.25)
    assert (found[:, :10] == 255).all() and (found[60:] == 255).all()
    assert np.array_equal(found[:60, 10:], np.asarray(image)[20:, :90])


def test_scales_keep_the_centre():
    image = Image.new("RGB", (100, 100), "black")
    found = moved(image, scale=0.5)
    assert (found[26:74, 26:74] == 0).all() and (found[:24] == 255).all()


def test_shears_slant_the_rows():
    image = Image.new("RGB", (100, 100), "black")
    found = moved(image, shear=45.0)
    # the top row moves half a height to the left, the bottom row as far to the right
    assert (found[0, 60:] == 255).all() and (found[0, :45] == 0).all()
    assert (found[-1, :40] == 255).all() and (found[-1, 55:] == 0).all()


def test_drawn_moves_lie_in_their_ranges():
    settings = Augment(rotation=20, translation=0.2, scale=(0.5, 0.7), shear=3, vertical_flip=0)
    moves = [draw_affine(np.random.default_rng(seed), settings) for seed in range(300)]
    assert all(0.5 <= move.scale <= 0.7 and abs(move.angle) <= 20 for move in moves)
    assert all(abs(move.shift_x) <= 0.2 and abs(move.shear) <= 3 for move in moves)
    assert 90 < sum(move.flip_x for move in moves) < 210 and not any(m.flip_y for m in moves)
    assert np.ptp([move.angle for move in moves]) > 30


def test_pictures_are_shrunk_but_never_grown(noise):
    assert shrink_to(noise(1, 640, 320), 320).size == (320, 160)
    assert shrink_to(noise(1, 64, 32), 320).size == (64, 32)
