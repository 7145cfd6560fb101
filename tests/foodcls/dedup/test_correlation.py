"""Thumbnails correlate where one shows a part of the other, and not otherwise."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.dedup.correlation import (
    best_windows,
    coarse_units,
    correlate_best,
    correlate_coarse,
    cut_windows,
    view_windows,
)
from foodcls.image.hashes import fingerprint_drafts, make_draft

LEFT, RIGHT = np.array([0]), np.array([1])


def signatures_of(*images):
    return fingerprint_drafts([make_draft(image) for image in images], "phash").thumbnails


def correlation(one, other, *, mirrored=False, enough=0.965):
    thumbnails = signatures_of(one, other)
    least = np.array([0.9])
    return correlate_best(thumbnails, LEFT, RIGHT, np.array([mirrored]), least, enough)[0]


def test_a_crop_is_found_in_the_whole_either_way_round(noise):
    whole = noise(1, 320, 240)
    part = whole.crop((16, 12, 304, 228))
    assert correlation(whole, part) >= 0.97 and correlation(part, whole) >= 0.97
    assert correlation(whole, ImageOps.mirror(part), mirrored=True) >= 0.97
    # without windows the crop would be lost
    assert correlation(whole, part, enough=-1) < 0.97
    assert correlation(whole, noise(2, 320, 240)) < 0.8


def test_brightness_and_contrast_do_not_count(noise):
    image = noise(1, 320, 240)
    assert correlation(image, image.point(lambda value: 40 + value // 2)) > 0.99


@pytest.mark.parametrize("grid", [8, 16])
def test_windows_are_about_the_mean_and_the_first_is_the_whole(grid, noise):
    thumbnails = signatures_of(noise(1), noise(2))
    windows, lengths = cut_windows(thumbnails, grid)
    assert windows.shape == (2, 46, 3 * grid * grid)
    centered = windows - windows.mean(axis=2, keepdims=True)
    assert np.allclose(np.linalg.norm(centered, axis=2), lengths, rtol=1e-3)
    width = 32 // grid
    whole = thumbnails[1].reshape(grid, width, grid, width, 3).mean(axis=(1, 3)).ravel()
    assert np.corrcoef(windows[1, 0], whole)[0, 1] > 0.999


def test_coarse_thumbnails_correlate_with_themselves_mirrored_or_not(noise):
    images = [noise(1), ImageOps.mirror(noise(1)), Image.new("RGB", (64, 64), "gray")]
    coarse = coarse_units(signatures_of(*images), np.arange(len(images)))
    mirrored = correlate_coarse(coarse, LEFT, RIGHT, mirrored=True)
    assert np.allclose(mirrored, 1, atol=1e-3)
    assert correlate_coarse(coarse, LEFT, RIGHT, mirrored=False)[0] < 0.9
    # a picture of one tone is like none
    assert np.allclose(correlate_coarse(coarse, LEFT, RIGHT + 1, mirrored=False), 0)


def test_a_window_seen_by_itself_is_the_one_that_was_cut(noise):
    thumbnails = signatures_of(noise(1))
    cut, _ = cut_windows(thumbnails, 16)
    for window in range(46):
        view = view_windows(thumbnails, np.array([window]), 16)
        assert np.allclose(view.ravel(), cut[0, window] + thumbnails.mean(), atol=0.01), window
    whole = view_windows(thumbnails, np.array([0]), 32)
    assert np.array_equal(whole.ravel(), thumbnails.ravel())


def test_a_part_finds_its_window(noise):
    whole = noise(1, 320, 240)
    parts = [whole.crop((32, 0, 320, 216)), whole]
    windows = best_windows(signatures_of(*parts), signatures_of(whole, whole))
    assert windows.tolist() == [1 + 9 * 2 + 3 * 0 + 2 - 9, 0]
