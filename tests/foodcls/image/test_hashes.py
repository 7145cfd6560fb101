"""Hashes stay what they were, and fingerprints outlive the store's memory."""

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.image.hashes import (
    HASHES,
    fingerprint,
    fingerprint_drafts,
    hash_grays,
    join_fingerprints,
    make_draft,
    pack_hashes,
)

GOLDEN = {
    "phash": "89494949b6b6b6b6",
    "dhash": "f0f2ffffffffffff",
    "average_hash": "00000f0f1f1f3f3f",
}


def are_equal(one, other):
    return all(map(np.array_equal, vars(one).values(), vars(other).values()))


@pytest.mark.parametrize("kind", HASHES)
def test_packed_hashes_differ_by_imagehashs_distance(kind, noise):
    prints = [fingerprint(noise(seed), kind) for seed in range(4)]
    packed = pack_hashes(one.hash for one in prints)
    own = [getattr(imagehash, kind)(make_draft(noise(seed))) for seed in range(4)]
    if kind == "phash":
        own = [imagehash.hex_to_hash(one.hash) for one in prints]
    for one in range(4):
        for other in range(4):
            assert np.bitwise_count(packed[one] ^ packed[other]) == own[one] - own[other]


@pytest.mark.parametrize("size", [(64, 64), (321, 241), (1000, 67), (50, 40)], ids=str)
@pytest.mark.parametrize("kind", HASHES)
def test_a_mirror_has_the_mirrored_hash(kind, size, noise):
    image = noise(1, *size)
    straight, mirrored = fingerprint(image, kind), fingerprint(ImageOps.mirror(image), kind)
    gaps = pack_hashes([straight.mirror_hash, straight.hash]) ^ pack_hashes(
        [mirrored.hash, mirrored.mirror_hash]
    )
    # a last column that stands for less than a whole one is rounded by itself
    assert np.bitwise_count(gaps).max() <= (0 if size == (64, 64) else 2)


def test_hashes_do_not_change_with_versions():
    """A golden value: a gradient with a corner, drawn without resampling."""
    ramp = np.add.outer(np.arange(64), np.arange(64) * 2).astype(np.uint8)
    ramp[:16, 40:] = 0
    image = Image.fromarray(ramp).convert("RGB")
    assert {kind: fingerprint(image, kind).hash for kind in GOLDEN} == GOLDEN


@pytest.mark.parametrize("size", [(513, 769), (130, 1999), (128, 128)], ids=str)
def test_a_picture_shrunk_by_its_decoder_has_the_same_thumbnail(size, noise):
    """What a decoder hands out at a half of the size stands for the whole."""
    image = noise(1, *size)
    half = make_draft(image.reduce(2), size)
    gap = np.abs(np.asarray(half, int) - np.asarray(make_draft(image), int))
    assert gap.max() <= 2


def test_signatures_are_thumbnails(noise):
    drafts = [make_draft(noise(seed, 320, 320)) for seed in (1, 2)]
    thumbnails = fingerprint_drafts(drafts, "phash").thumbnails
    assert thumbnails.shape == (2, 32, 32, 3)
    small = np.asarray(noise(2, 320, 320).resize((32, 32), Image.Resampling.BOX), int)
    assert np.abs(thumbnails[1] - small).mean() < 6


def test_looks_taken_together_are_those_of_each_alone(noise):
    drafts = [make_draft(noise(seed, 320, 200)) for seed in range(5)]
    together = fingerprint_drafts(drafts, "phash")
    alone = join_fingerprints(fingerprint_drafts([draft], "phash") for draft in drafts)
    for name, values in vars(together).items():
        assert np.array_equal(values, getattr(alone, name))
    assert len(set(together.hashes.tolist())) == 5


def test_batch_hashes_are_imagehashs_own():
    dice = np.random.default_rng(0)
    grays = dice.integers(0, 256, (200, 32, 32), dtype=np.uint8)
    # smooth ones too: a web photo's coefficients are far from evenly spread
    grays[100:] = np.cumsum(grays[100:] % 8, axis=1, dtype=np.uint8)
    hashes, mirrors = hash_grays(grays)
    for number, gray in enumerate(grays):
        image = Image.fromarray(gray)
        assert f"{hashes[number]:016x}" == str(imagehash.phash(image)), number
        assert f"{mirrors[number]:016x}" == str(imagehash.phash(ImageOps.mirror(image))), number
