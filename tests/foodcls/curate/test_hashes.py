"""Hashes stay what they were, and looks outlive the store's memory."""

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.curate.hashes import (
    HASHES,
    look_at,
    pack_hashes,
    pixel_digest,
    read_signatures,
    recall_looks,
    remember_looks,
)

GOLDEN = {
    "phash": "89494949b6b6b6b6",
    "dhash": "f0f2ffffffffffff",
    "average_hash": "00000f0f1f1f3f3f",
}


@pytest.mark.parametrize("kind", HASHES)
def test_packed_hashes_differ_by_imagehashs_distance(kind, noise):
    looks = [look_at(noise(seed), kind) for seed in range(4)]
    packed = pack_hashes(look.hash for look in looks)
    own = [getattr(imagehash, kind)(noise(seed)) for seed in range(4)]
    for one in range(4):
        for other in range(4):
            assert np.bitwise_count(packed[one] ^ packed[other]) == own[one] - own[other]


@pytest.mark.parametrize("kind", HASHES)
def test_a_mirror_has_the_mirrored_hash(kind, noise):
    look, mirrored = look_at(noise(1), kind), look_at(ImageOps.mirror(noise(1)), kind)
    assert look.mirror_hash == mirrored.hash and mirrored.mirror_hash == look.hash


def test_hashes_do_not_change_with_versions():
    """A golden value: a gradient with a corner, drawn without resampling."""
    ramp = np.add.outer(np.arange(64), np.arange(64) * 2).astype(np.uint8)
    ramp[:16, 40:] = 0
    image = Image.fromarray(ramp).convert("RGB")
    assert {kind: look_at(image, kind).hash for kind in GOLDEN} == GOLDEN


def test_pixel_digests_tell_pixels_and_shape(noise):
    image = noise(1)
    assert pixel_digest(image) == pixel_digest(image.copy())
    assert pixel_digest(image) != pixel_digest(ImageOps.mirror(image))
    flat = Image.new("RGB", (4, 9))
    assert pixel_digest(flat) != pixel_digest(Image.new("RGB", (9, 4)))


def test_looks_are_remembered_or_computed(store, noise, encode):
    digest = store.put(encode(noise(1)))
    look = look_at(noise(1), "phash")
    assert recall_looks(store, {digest: digest}, "phash") == {digest: look}
    remember_looks(store, {"elsewhere": look}, "phash")
    assert recall_looks(store, {"elsewhere": "no blob"}, "phash") == {"elsewhere": look}


def test_signatures_are_thumbnails(noise):
    looks = [look_at(noise(seed, 320, 320), "phash") for seed in (1, 2)]
    thumbs = read_signatures(looks)
    assert thumbs.shape == (2, 32, 32, 3)
    small = np.asarray(noise(2, 320, 320).resize((32, 32), Image.Resampling.BOX))
    assert np.array_equal(thumbs[1], small)
