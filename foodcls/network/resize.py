"""Resizes pictures to the square that a network sees: one function for training and inference."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Pixels = NDArray[np.uint8]  # a picture, (H, W, 3), red, green and blue


def squash(images: Tensor, size: int) -> Tensor:
    """Resize uint8 (N, 3, H, W) to uint8 (N, 3, size, size), bilinear with antialiasing.

    Also compiled into the exported file, so that training and every later program feed the
    network the same pixels. Within 2 of 255 of Pillow's bilinear resize, which it follows.
    """
    if images.shape[2] == size and images.shape[3] == size:
        return images
    return resample(images, size)


def resample(images: Tensor, size: int) -> Tensor:
    """`squash` without a branch, for tracing: uint8 (N, 3, H, W) to (N, 3, size, size)."""
    if images.is_cuda:
        # no integer kernel there; rounding keeps the pixels within 1 of 255 of the processor's
        smooth = torch.ops.aten._upsample_bilinear2d_aa(images.float(), [size, size], False)
        return smooth.round().clamp(0, 255).to(torch.uint8)
    return torch.ops.aten._upsample_bilinear2d_aa(images, [size, size], False)


def squash_pixels(picture: Pixels, size: int) -> Pixels:
    """`squash` for one array: uint8 (H, W, 3) to uint8 (size, size, 3)."""
    squashed: Pixels = squash(as_images(picture[None]), size)[0].permute(1, 2, 0).numpy()
    return squashed


def as_images(pixels: NDArray[np.generic]) -> Tensor:
    """uint8 (N, H, W, 3) as a tensor (N, 3, H, W); copied only if the array is read-only."""
    # torch knows no read-only tensors and warns of them
    return torch.from_numpy(np.require(pixels, requirements="W")).permute(0, 3, 1, 2)
