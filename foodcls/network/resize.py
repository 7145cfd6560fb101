"""Squashes pictures to the square that a network sees: one function for training and use."""

import torch
from torch import Tensor


def squash(images: Tensor, size: int) -> Tensor:
    """Resize uint8 (N, 3, H, W) to uint8 (N, 3, size, size), bilinear with antialiasing.

    Also compiled into the exported file, so that training and every later program feed the
    network the same pixels. Within 2 of 255 of Pillow's bilinear resize, which it follows.
    """
    if images.shape[2] == size and images.shape[3] == size:
        return images
    return resample(images, size)


def resample(images: Tensor, size: int) -> Tensor:
    """The same without a look at the size; pictures that have it already come out as they are."""
    if images.is_cuda:
        # no integer kernel there; rounding keeps the pixels within 1 of 255 of the processor's
        smooth = torch.ops.aten._upsample_bilinear2d_aa(images.float(), [size, size], False)
        return smooth.round().clamp(0, 255).to(torch.uint8)
    return torch.ops.aten._upsample_bilinear2d_aa(images, [size, size], False)
