"""Pairs are found exactly, whatever the size of the blocks."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.curate import alike
from foodcls.curate.alike import find_pairs
from foodcls.curate.hashes import look_at


@pytest.fixture
def looks(noise):
    images = [noise(seed, 320, 240) for seed in range(12)]
    images += [ImageOps.mirror(image) for image in images[:3]]
    images += [image.crop((6, 5, 314, 235)) for image in images[3:6]]
    images += [image.resize((100, 75)) for image in images[6:9]]
    return [look_at(image, "phash") for image in images]


def pairs_of(found):
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True))


def test_copies_pair_with_their_originals(looks):
    found = find_pairs(looks, 6)
    assert pairs_of(found) == {(number, number + 12) for number in range(9)}
    mirrored = dict(zip(found.left.tolist(), found.mirrored.tolist(), strict=True))
    assert mirrored == {number: number < 3 for number in range(9)}
    assert (found.likeness >= alike.SAME).all()


def test_blocks_do_not_matter(looks, monkeypatch):
    whole = find_pairs(looks, 6)
    monkeypatch.setattr(alike, "BLOCK", 40)
    for name, values in vars(find_pairs(looks, 6)).items():
        assert np.array_equal(values, getattr(whole, name)), name


def test_near_hashes_of_different_pictures_do_not_pair(looks):
    liar = replace(looks[1], hash=looks[0].hash, mirror_hash=looks[0].mirror_hash)
    assert not len(find_pairs([looks[0], liar], 6).left)


def test_far_hashes_are_not_compared(looks):
    far = replace(looks[0], hash="0" * 16, mirror_hash="0" * 16, pixels="other")
    flipped = replace(looks[0], hash="f" * 16, mirror_hash="f" * 16)
    assert not len(find_pairs([far, flipped], 6).left)


def test_flat_pictures_of_the_same_pixels_pair(looks):
    flat = look_at(Image.new("RGB", (64, 64), "navy"), "phash")
    found = find_pairs([flat, flat], 6)
    assert found.same_pixels.tolist() == [True] and found.likeness.tolist() == [1]


def test_thousands_are_compared_in_seconds(looks):
    dice = np.random.default_rng(0)
    hashes = [f"{int(value):016x}" for value in dice.integers(0, 2**63, 3000)]
    crowd = [replace(looks[0], hash=text, mirror_hash=text, pixels=text) for text in hashes]
    found = find_pairs(crowd, 2)
    wanted = np.array([int(text, 16) for text in hashes], dtype=np.uint64)
    bits = np.bitwise_count(wanted[:400, None] ^ wanted[None])
    exact = {(i, j) for i, j in np.argwhere(bits <= 6).tolist() if i < j}
    assert {pair for pair in pairs_of(found) if pair[0] < 400} == exact
