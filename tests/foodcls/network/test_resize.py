import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from foodcls.network.resize import as_images, squash

SIZES = [(300, 400), (1000, 777), (37, 501), (5, 7), (1, 300), (225, 223), (64, 64)]


def as_batch(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None]


def by_pillow(picture: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR))


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_noise_is_within_two_levels_of_pillow(height: int, width: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    ours = squash(as_batch(picture), 224)[0].permute(1, 2, 0).numpy()
    assert np.abs(ours.astype(int) - by_pillow(picture, 224)).max() <= 2


def test_pictures_are_within_one_level_of_pillow(noise: Callable[..., Image.Image]) -> None:
    picture = np.asarray(noise(1, 640, 480))
    ours = squash(as_batch(picture), 224)[0].permute(1, 2, 0).numpy()
    assert np.abs(ours.astype(int) - by_pillow(picture, 224)).max() <= 1


def test_stripes_are_averaged_not_sampled() -> None:
    # without antialiasing, stripes of one pixel come out black or white
    picture = np.zeros((512, 512, 3), dtype=np.uint8)
    picture[:, ::2] = 255
    inner = squash(as_batch(picture), 64)[0, :, 4:-4, 4:-4]
    assert int(inner.min()) > 110
    assert int(inner.max()) < 145


def test_the_right_size_is_left_alone_bit_for_bit() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert torch.equal(squash(as_batch(picture), 32), as_batch(picture))


def test_compiled_function_gives_the_same_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (91, 55, 3), dtype=np.uint8)
    batch = as_batch(picture)
    assert torch.equal(torch.jit.script(squash)(batch, 40), squash(batch, 40))
    assert torch.equal(squash(batch.contiguous(), 40), squash(batch, 40))


def test_read_only_pixels_are_taken_without_a_warning_and_others_without_a_copy() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 3), dtype=np.uint8)
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shared = as_images(pixels)
            pixels.flags.writeable = False
            copied = as_images(pixels)
    finally:
        torch.set_warn_always(False)
    assert torch.equal(shared, copied)
    assert np.shares_memory(shared.numpy(), pixels)
    assert not np.shares_memory(copied.numpy(), pixels)
