"""Maps of a picture say where it is strange, busy and colorful."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from foodcls.image.saliency import SIDE, map_saliency, map_shape, scale_map, to_lab


@pytest.mark.parametrize(
    "rgb, lab",
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.2, 80.1, 67.2)),
        ((0, 0, 255), (32.3, 79.2, -107.9)),
        ((119, 119, 119), (50.0, 0, 0)),
    ],
)
def test_colours_have_the_values_of_the_standard(rgb, lab):
    assert np.allclose(to_lab(np.array(rgb) / 255), lab, atol=0.3)


@pytest.mark.parametrize(
    "size, shape",
    [
        ((480, 360), (36, SIDE)),
        ((100, 200), (SIDE, 24)),
        ((5000, 1), (1, SIDE)),
        ((1, 1), (48, 48)),
    ],
)
def test_the_longer_side_has_as_many_cells_in_all_pictures(size, shape):
    assert map_shape(size) == shape
    assert map_saliency(Image.new("RGB", size, "red")).color.shape == shape


def test_what_is_unlike_the_edge_is_strange():
    image = Image.new("RGB", (240, 240), "white")
    ImageDraw.Draw(image).rectangle((80, 80, 160, 160), (200, 30, 40))
    color = map_saliency(image).color
    assert color[:14].max() < 1 < 60 < color[18:30, 18:30].min()


def test_a_stalk_that_reaches_the_edge_is_still_strange():
    image = Image.new("RGB", (240, 240), "white")
    ImageDraw.Draw(image).rectangle((118, 0, 122, 240), (20, 120, 20))
    assert map_saliency(image).color[24, 23:25].max() > 20


def test_both_colours_of_a_cloth_are_at_home():
    image = Image.new("RGB", (240, 240), "white")
    image.paste("navy", (0, 120, 240, 240))
    found = map_saliency(image)
    assert found.color.max() < 1 and found.spread > 20


def test_a_plain_background_has_no_spread():
    image = Image.new("RGB", (240, 240), (230, 228, 225))
    ImageDraw.Draw(image).ellipse((60, 60, 180, 180), "orange")
    assert map_saliency(image).spread == 0


def test_white_china_is_no_food_but_rice_is():
    dice = np.random.default_rng(0)
    pixels = np.full((240, 240, 3), 235, dtype=np.uint8)
    pixels[80:160, 80:160] = dice.integers(180, 250, (20, 20, 1)).repeat(4, 0).repeat(4, 1)
    food = map_saliency(Image.fromarray(pixels)).food
    assert food[:12].max() < 0.2 < 0.6 < food[20:28, 20:28].mean()


def test_a_scale_does_not_hang_on_a_single_value():
    values = np.append(np.full(99, 2.0), 1000.0)
    assert np.allclose(scale_map(values), 1.0)
