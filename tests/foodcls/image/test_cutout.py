import numpy as np
import pytest
from PIL import Image, ImageDraw

from foodcls.image.cutout import change_background, find_foreground

WHITE = (255, 255, 255)


@pytest.fixture
def dish() -> Image.Image:
    image = Image.new("RGB", (240, 160), (70, 90, 160))
    ImageDraw.Draw(image).ellipse((80, 30, 180, 130), (200, 40, 30))
    return image


def test_the_dish_stays_and_the_table_goes(dish: Image.Image) -> None:
    changed = np.asarray(change_background(dish, WHITE)).astype(int)
    disc = Image.new("L", dish.size)
    ImageDraw.Draw(disc).ellipse((80, 30, 180, 130), 255)
    inside = np.asarray(disc) > 0
    assert (changed[inside] == [200, 40, 30]).all(axis=1).mean() > 0.97
    assert (changed[~inside] == 255).all(axis=1).mean() > 0.85


def test_edges_are_soft(dish: Image.Image) -> None:
    large = dish.resize((960, 640), Image.Resampling.NEAREST)
    row = np.asarray(change_background(large, WHITE))[320, :, 2]
    assert len(np.unique(row)) > 5


def test_a_picture_in_which_nothing_stands_out_stays_as_it_is() -> None:
    plain = Image.new("RGB", (60, 40), (120, 130, 140))
    assert change_background(plain, WHITE) is plain


def test_the_mask_has_the_pictures_shape(dish: Image.Image) -> None:
    assert find_foreground(dish).shape == (32, 48)
