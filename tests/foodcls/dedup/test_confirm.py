"""An edited copy stands a closer look; another soup, and another dish on white, do not."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from foodcls.dedup import confirm
from foodcls.dedup.confirm import SAME_COLOURS, SAME_DETAIL, look_closer
from foodcls.image.hashes import look_at_thumbs, make_thumb

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


def bowl(colour):
    picture = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((60, 20, 260, 220), fill=(225, 225, 230))
    pen.ellipse((80, 40, 240, 200), fill=colour)
    return picture


def dish(seed):
    """Chunks on white, in a round heap as large as others."""
    picture, dice = Image.new("RGB", (320, 240), "white"), np.random.default_rng(seed)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((80, 40, 240, 200), fill=(150, 100, 60))
    for turn, reach, *colour in dice.random((50, 5)):
        x = 160 + 65 * reach**0.5 * np.cos(6.3 * turn)
        y = 120 + 65 * reach**0.5 * np.sin(6.3 * turn)
        fill = tuple(int(70 + 150 * share) for share in colour)
        pen.ellipse((x - 18, y - 12, x + 18, y + 12), fill=fill)
    return picture


def signatures_of(*images):
    return look_at_thumbs([make_thumb(image) for image in images], "phash").signatures


def look(one, other, mirrored=False):
    return look_closer(signatures_of(one, other), *map(np.array, ([0], [1], [mirrored])))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("subject", ["patches", "dish", *SOUPS])
def test_an_edited_copy_is_the_same(subject, edit, noise):
    drawn = {"patches": lambda: noise(1, 320, 240), "dish": lambda: dish(0)}
    image = drawn.get(subject, lambda: bowl(SOUPS[subject]))()
    assert look(image, edit(image)).is_same
    assert look(edit(image), image).is_same
    assert look(ImageOps.mirror(edit(image)), image, mirrored=True).is_same


@pytest.mark.parametrize("pair", list(itertools.combinations(SOUPS, 2)), ids="-".join)
def test_soups_that_differ_have_other_colours(pair):
    one, other = (bowl(SOUPS[name]) for name in pair)
    assert look(one, other).gap > SAME_COLOURS and look(other, one).gap > SAME_COLOURS


def test_dishes_on_white_differ_in_detail():
    signatures = signatures_of(*map(dish, range(8)))
    left, right = np.array(list(itertools.combinations(range(8), 2))).T
    found = look_closer(signatures, left, right, np.zeros(len(left), bool))
    assert not found.is_same.any() and found.detail.max() < SAME_DETAIL
    # as a whole the white around them makes them much alike
    whole = signatures.reshape(8, -1) - signatures.reshape(8, -1).mean(axis=1, keepdims=True)
    assert np.corrcoef(whole)[left, right].min() > 0.85


def test_pairs_looked_at_together_do_not_matter(noise, monkeypatch):
    images = [noise(seed) for seed in range(6)] + [noise(seed, 48, 32) for seed in range(6)]
    ends = np.arange(6), np.arange(6, 12), np.arange(6) % 2 == 1
    whole = look_closer(signatures_of(*images), *ends)
    monkeypatch.setattr(confirm, "TOGETHER", 2)
    for name, values in vars(look_closer(signatures_of(*images), *ends)).items():
        assert np.allclose(values, getattr(whole, name), atol=1e-4), name
    assert whole.is_same.tolist() == [True, False] * 3


def test_no_pairs_are_looked_at_too():
    none = np.empty(0, int)
    assert not len(look_closer(signatures_of(bowl((0, 0, 0))), none, none, none > 0).is_same)
