"""An edited copy is confirmed; another soup, and another dish on white, are not."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from foodcls.dedup import confirm
from foodcls.dedup.confirm import (
    SAME_COLORS,
    SAME_DETAIL,
    color_gaps,
    confirm_pairs,
    correlate_foregrounds,
)
from foodcls.image.hashes import fingerprint_drafts, make_draft

SOUPS = {
    "tomato": (190, 60, 30),
    "pumpkin": (225, 140, 40),
    "carrot": (230, 120, 30),
    "pea": (120, 160, 60),
    "spinach": (50, 90, 40),
    "broth": (200, 170, 90),
    "mushroom": (150, 130, 110),
    "borscht": (140, 20, 50),
    "lentil": (150, 90, 50),
}
EDITS = {
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.2),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.7),
    "smaller": lambda image: image.resize((90, 67)),
    "4 % off each side": lambda image: image.crop((13, 10, 307, 230)),
    "marked": lambda image: marked(image),
}


def marked(image):
    copy = image.copy()
    ImageDraw.Draw(copy).rectangle((230, 212, 300, 222), fill="white")
    return copy


def bowl(color):
    picture = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((60, 20, 260, 220), fill=(225, 225, 230))
    pen.ellipse((80, 40, 240, 200), fill=color)
    return picture


def dish(seed):
    """Chunks on white, in a round heap as large as others."""
    picture, dice = Image.new("RGB", (320, 240), "white"), np.random.default_rng(seed)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((80, 40, 240, 200), fill=(150, 100, 60))
    for turn, reach, *color in dice.random((50, 5)):
        x = 160 + 65 * reach**0.5 * np.cos(6.3 * turn)
        y = 120 + 65 * reach**0.5 * np.sin(6.3 * turn)
        fill = tuple(int(70 + 150 * share) for share in color)
        pen.ellipse((x - 18, y - 12, x + 18, y + 12), fill=fill)
    return picture


def signatures_of(*images):
    return fingerprint_drafts([make_draft(image) for image in images], "phash").thumbnails


def confirm_one(one, other, mirrored=False):
    return confirm_pairs(signatures_of(one, other), *map(np.array, ([0], [1], [mirrored])))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("subject", ["patches", "dish", *SOUPS])
def test_an_edited_copy_is_the_same(subject, edit, noise):
    drawn = {"patches": lambda: noise(1, 320, 240), "dish": lambda: dish(0)}
    image = drawn.get(subject, lambda: bowl(SOUPS[subject]))()
    assert confirm_one(image, edit(image)).is_same
    assert confirm_one(edit(image), image).is_same
    assert confirm_one(ImageOps.mirror(edit(image)), image, mirrored=True).is_same


@pytest.mark.parametrize("pair", list(itertools.combinations(SOUPS, 2)), ids="-".join)
def test_soups_that_differ_have_other_colours(pair):
    one, other = (bowl(SOUPS[name]) for name in pair)
    assert confirm_one(one, other).gap > SAME_COLORS and confirm_one(other, one).gap > SAME_COLORS


def test_dishes_on_white_differ_in_detail():
    thumbnails = signatures_of(*map(dish, range(8)))
    left, right = np.array(list(itertools.combinations(range(8), 2))).T
    found = confirm_pairs(thumbnails, left, right, np.zeros(len(left), bool))
    assert not found.is_same.any() and found.detail.max() < SAME_DETAIL
    # as a whole the white around them makes them much alike
    whole = thumbnails.reshape(8, -1) - thumbnails.reshape(8, -1).mean(axis=1, keepdims=True)
    assert np.corrcoef(whole)[left, right].min() > 0.85


def test_pairs_looked_at_together_do_not_matter(noise, monkeypatch):
    images = [noise(seed) for seed in range(6)] + [noise(seed, 48, 32) for seed in range(6)]
    ends = np.arange(6), np.arange(6, 12), np.arange(6) % 2 == 1
    whole = confirm_pairs(signatures_of(*images), *ends)
    monkeypatch.setattr(confirm, "TOGETHER", 2)
    for name, values in vars(confirm_pairs(signatures_of(*images), *ends)).items():
        assert np.allclose(values, getattr(whole, name), atol=1e-4), name
    assert whole.is_same.tolist() == [True, False] * 3


def test_no_pairs_are_looked_at_too():
    none = np.empty(0, int)
    assert not len(confirm_pairs(signatures_of(bowl((0, 0, 0))), none, none, none > 0).is_same)


def before(ground, seed, size=6):
    """Random cells in the middle of 16 by 16 of one color."""
    picture = np.full((1, 16, 16, 3), ground, np.float32)
    start = 8 - size // 2
    patch = np.random.default_rng(seed).integers(0, 256, (size, size, 3))
    picture[:, start : start + size, start : start + size] = patch
    return picture.reshape(1, 256, 3)


@pytest.mark.parametrize("ground", [(255, 255, 255), (90, 90, 95), (20, 60, 160)], ids=str)
def test_two_things_before_one_ground_do_not_correlate(ground):
    one, other = before(ground, 1), before(ground, 2)
    assert correlate_foregrounds(one, other)[0] < 0.4
    assert correlate_foregrounds(one, one)[0] == pytest.approx(1)
    # noise of a file does not hide the ground
    noise = np.random.default_rng(3).normal(0, 2, one.shape)
    assert correlate_foregrounds(one, other + noise)[0] < 0.4


def test_pictures_without_a_plain_ground_are_compared_as_a_whole():
    dice = np.random.default_rng(0)
    one, other = dice.integers(0, 256, (2, 1, 256, 3)).astype(np.float32)
    wanted = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert correlate_foregrounds(one, other)[0] == pytest.approx(wanted, abs=1e-4)


def test_too_little_before_a_ground_tells_nothing():
    white = np.full((1, 256, 3), 255, np.float32)
    assert correlate_foregrounds(white, white)[0] == 1
    assert correlate_foregrounds(before(255, 1, 2), before(255, 2, 2))[0] == 1


@pytest.fixture
def cells():
    return np.random.default_rng(0).integers(40, 190, (1, 64, 3)).astype(np.float32)


@pytest.mark.parametrize("gain, shift", [(1, 0), (0.7, 10), (1.25, 0), (1, 30)], ids=str)
def test_other_light_is_no_gap(cells, gain, shift):
    assert color_gaps(cells, cells * gain + shift)[0] < 1
    assert color_gaps(cells * gain + shift, cells)[0] < 1


def test_levels_that_were_lost_are_no_gap(cells):
    bright = np.clip(cells * 1.5, 0, 255)
    assert (bright == 255).mean() > 0.1 and color_gaps(cells, bright)[0] < 1


def test_a_tenth_of_the_cells_may_be_anything(cells):
    for odd, is_gap in ((6, False), (8, True)):
        changed = cells.copy()
        changed[0, :odd] = 255 - changed[0, :odd]
        assert (color_gaps(cells, changed)[0] > 25) == is_gap


def test_other_colours_of_one_brightness_are_a_gap(cells):
    red, green = cells.copy(), cells.copy()
    red[0, :16], green[0, :16] = (150, 60, 60), (76, 98, 60)
    assert color_gaps(red, green)[0] > 25


def test_nothing_that_is_whole_leaves_a_number():
    white, black = np.full((1, 64, 3), 255.0), np.zeros((1, 64, 3))
    assert np.isfinite(color_gaps(white, black)).all() and color_gaps(white, white)[0] == 0
