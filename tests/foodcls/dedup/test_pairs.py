"""Pairs are the same only where the thumbnails say so; vetoes are counted."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.dedup import hamming, pairs
from foodcls.dedup.pairs import Distances
from foodcls.image.hashes import fingerprint, pack_fingerprints
from foodcls.recipe.data_settings import Dedup


@pytest.fixture
def prints(noise):
    images = [noise(seed, 320, 240) for seed in range(12)]
    images += [ImageOps.mirror(image) for image in images[:3]]
    images += [image.crop((6, 5, 314, 235)) for image in images[3:6]]
    images += [image.resize((100, 75)) for image in images[6:9]]
    return [fingerprint(image, "phash") for image in images]


def search(prints, distance):
    return pairs.find_pairs(pack_fingerprints(prints), Dedup(distance=distance))


def find_pairs(prints, distance):
    return search(prints, distance).pairs


def pairs_of(found):
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True))


def test_copies_pair_with_their_originals(prints):
    found = find_pairs(prints, 6)
    assert pairs_of(found) == {(number, number + 12) for number in range(9)}
    mirrored = dict(zip(found.left.tolist(), found.mirrored.tolist(), strict=True))
    assert mirrored == {number: number < 3 for number in range(9)}
    assert (found.correlation >= pairs.SAME).all()


def test_blocks_do_not_matter(prints, monkeypatch):
    whole = find_pairs(prints, 6)
    monkeypatch.setattr(hamming, "ROWS", 2)
    monkeypatch.setattr(hamming, "COLUMNS", 5)
    for name, values in vars(find_pairs(prints, 6)).items():
        assert np.array_equal(values, getattr(whole, name)), name


def test_how_many_pairs_are_compared_at_once_does_not_matter(prints, monkeypatch):
    whole = find_pairs(prints, 6)
    # in blocks, pairs do not come in the order of their pictures
    monkeypatch.setattr(hamming, "ROWS", 2)
    monkeypatch.setattr(hamming, "COLUMNS", 5)
    monkeypatch.setattr(pairs, "TOGETHER", 2)
    for name, values in vars(find_pairs(prints, 6)).items():
        # a product of larger matrices may add up in another order
        assert np.allclose(values, getattr(whole, name), rtol=0, atol=1e-6), name


def patches(seed, cells):
    coarse = np.random.default_rng(seed).integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((320, 320), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("seed", [2, 14, 29])
def test_a_crop_between_two_windows_is_alike_beyond_the_distance_of_look_alikes(seed):
    image = Image.blend(patches(seed, 4), patches(seed, 20), 0.4)
    crop = image.crop((7, 21, 295, 309))
    found = find_pairs([fingerprint(one, "phash") for one in (image, crop)], 6)
    assert pairs_of(found) == {(0, 1)}
    assert found.distance[0] > 6 + pairs.ALIKE_BITS and found.correlation[0] < pairs.SAME


def test_near_hashes_of_different_pictures_do_not_pair(prints):
    liar = replace(prints[1], hash=prints[0].hash, mirror_hash=prints[0].mirror_hash)
    found = search([prints[0], liar], 6)
    assert not len(found.pairs.left)
    assert found.distances.vetoed[0] == found.distances.vetoed_within == 1


def test_each_pair_counts_once_confirmed_or_vetoed(prints):
    """A symmetric picture is near straight and mirrored."""
    image = Image.new("RGB", (320, 240), "white")
    image.paste("navy", (100, 60, 220, 180))
    symmetric = fingerprint(image, "phash")
    found = search([*prints, symmetric, symmetric], 6).distances
    assert sum(found.confirmed) == 10 and found.confirmed[0] >= 1
    assert found.vetoed_within == 0 and len(found.confirmed) == len(found.vetoed) == 19


def test_far_hashes_are_not_compared(prints):
    far = replace(prints[0], hash="0" * 16, mirror_hash="0" * 16)
    flipped = replace(prints[0], hash="f" * 16, mirror_hash="f" * 16)
    assert not len(find_pairs([far, flipped], 6).left)


def test_flat_pictures_of_one_tone_pair_and_of_two_do_not(prints):
    flat, other = (
        fingerprint(Image.new("RGB", (64, 64), name), "phash") for name in ("gray", "black")
    )
    found = find_pairs([flat, other, flat], 6)
    assert pairs_of(found) == {(0, 2)} and found.correlation.tolist() == [1]


def test_thousands_are_compared_in_seconds(prints):
    dice = np.random.default_rng(0)
    hashes = [f"{int(value):016x}" for value in dice.integers(0, 2**63, 3000)]
    crowd = [replace(prints[0], hash=text, mirror_hash=text) for text in hashes]
    found = find_pairs(crowd, 2)
    wanted = np.array([int(text, 16) for text in hashes], dtype=np.uint64)
    bits = np.bitwise_count(wanted[:400, None] ^ wanted[None])
    exact = {(i, j) for i, j in np.argwhere(bits <= 6).tolist() if i < j}
    assert {pair for pair in pairs_of(found) if pair[0] < 400} == exact


COUNTED = Distances((5, 0, 2, 0, 1), (0, 0, 1, 0, 40), distance=2, reach=4)


def test_vetoes_count_within_the_recipes_distance():
    assert COUNTED.vetoed_within == 1
