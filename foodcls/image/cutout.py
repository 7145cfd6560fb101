"""Cuts what stands out in a picture from its background, roughly, and puts it on another one."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from foodcls.image.foreground import richest_box, surplus
from foodcls.image.saliency import find_standout

# changes whenever the same picture would be cut otherwise
VERSION = 1
GAP = 3  # cells: what lies between two patches of a dish belongs to it
CRUMB = 0.2  # of the largest patch: smaller ones are crumbs and captions
# of the mask between two cells: a soft edge of some pixels instead of steps
EDGE_LOW, EDGE_STEEP = 96, 4

Colour = tuple[int, int, int]


def change_background(image: Image.Image, colour: Colour) -> Image.Image:
    """The picture with its background in one colour; as it is when nothing stands out in it."""
    mask = find_foreground(image)
    if not mask.any():
        return image
    ground = Image.new("RGB", image.size, colour)
    ground.paste(image, mask=_soft_edges(mask, image.size))
    return ground


def find_foreground(image: Image.Image) -> NDArray[np.bool_]:
    """Which cells of a picture belong to what it shows; a cell is a 48th of the longer side."""
    rating = surplus(find_standout(image))
    left, top, right, bottom = richest_box(rating)
    inside = np.zeros(rating.shape, dtype=bool)
    inside[top:bottom, left:right] = rating[top:bottom, left:right] > 0
    # the frame of GAP keeps closing from eating at the picture's edges
    closed = ndimage.binary_closing(np.pad(inside, GAP), iterations=GAP)[GAP:-GAP, GAP:-GAP]
    patches, count = ndimage.label(ndimage.binary_fill_holes(closed), np.ones((3, 3)))
    areas = np.bincount(patches.ravel(), minlength=count + 1)[1:]
    large = np.isin(patches, 1 + np.flatnonzero(areas >= CRUMB * areas.max(initial=0)))
    return np.asarray(ndimage.binary_dilation(large & (patches > 0)))


def _soft_edges(mask: NDArray[np.bool_], size: tuple[int, int]) -> Image.Image:
    cells = Image.fromarray(mask.astype(np.uint8) * 255)
    smooth = cells.resize(size, Image.Resampling.BICUBIC)
    return smooth.point(lambda level: (level - EDGE_LOW) * EDGE_STEEP)
