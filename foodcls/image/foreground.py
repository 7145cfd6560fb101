"""Finds what a picture shows: proposes a box round it, or cuts it out of its background.

Knows nothing of classes and needs no network.

On a plain background the box surrounds the large patches that differ from it. Elsewhere places
are rated by how strange their color is at the picture's edge, how busy and colorful they are,
and how central; the box is the one in which most ratings above a threshold come together. The
numbers below were chosen on 51 fruit photographs and 78 drawn canteen pictures, on which
`benchmarks/propose.py` measures them.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from foodcls.image.clamp import clamp_box
from foodcls.image.saliency import Map, SaliencyMaps, map_saliency, scale_map

PLAIN = 4.0  # spread of the edge's colors; studio photographs have 0 to 3, tables 5 to 50
DIFFERENT = 12.0  # distance in Lab from a plain background
LEAST = 5.0  # distance in Lab below which nothing stands out
FOOD = 0.4  # of `SaliencyMaps.food`: leaves plates and their shadows out, takes pale bread in
CLEANING = 2  # cells: stalks, leaves and cutlery are thinner than twice this
PATCH = 0.3  # of the largest patch, on a plain background: smaller ones are crumbs and captions
CENTER = 0.3  # of a side: the deviation of the bell that favors the center
ABOVE = 0.75  # of Otsu's threshold: a dish that fades into its plate is not cut short

GAP = 3  # cells: what lies between two patches of a dish belongs to it
CRUMB = 0.2  # the same, where a dish is cut out
# of the mask between two cells: a soft edge of some pixels instead of steps
EDGE_LOW, EDGE_STEEP = 96, 4

Color = tuple[int, int, int]
Edges = tuple[int, int, int, int]


def propose_box(image: Image.Image) -> Edges | None:
    """xmin, ymin, xmax, ymax in pixels of an RGB picture; None when nothing stands out in it."""
    maps = map_saliency(image)
    if np.percentile(maps.color, 99) < LEAST:
        return None
    cells = _box_patches(maps) if maps.spread < PLAIN else None
    left, top, right, bottom = cells or max_sum_box(excess_saliency(maps))
    rows, columns = maps.color.shape
    across, down = image.width / columns, image.height / rows
    edges = (left * across, top * down, right * across, bottom * down)
    # a share of a cell that rounding leaves must not touch a pixel more
    rounded = (round(edges[0]), round(edges[1]), math.ceil(edges[2]), math.ceil(edges[3]))
    return clamp_box(rounded, image.size)


def max_sum_box(values: Map) -> Edges:
    """The box (left, top, right, bottom, in cells) whose values have the maximum sum.

    `values` are of shape (height, width). Kadane's algorithm in each band of rows; of equal boxes
    the first counts.
    """
    height, width = values.shape
    sums = np.vstack([np.zeros(width), values.cumsum(axis=0)])
    tops, bottoms = np.triu_indices(height + 1, 1)
    bands = np.zeros((len(tops), width + 1))
    bands[:, 1:] = (sums[bottoms] - sums[tops]).cumsum(axis=1)
    gains = bands[:, 1:] - np.minimum.accumulate(bands, axis=1)[:, :-1]
    band, right = np.unravel_index(gains.argmax(), gains.shape)
    left = int(bands[band, : right + 1].argmin())
    return left, int(tops[band]), int(right) + 1, int(bottoms[band])


def otsu_threshold(values: Map) -> float:
    """The level from 0 to 1 that best separates a map's low values from its high ones (Otsu)."""
    counts, bounds = np.histogram(values, bins=64, range=(0, 1))
    share, levels = counts / counts.sum(), (bounds[:-1] + bounds[1:]) / 2
    low, mass = share.cumsum(), (share * levels).cumsum()
    between = (mass[-1] * low - mass) ** 2 / (low * (1 - low) + 1e-12)
    return float(levels[between.argmax()])


def _box_patches(maps: SaliencyMaps) -> Edges | None:
    """The box round the large patches that differ from a plain background, if there are any."""
    mask = (maps.color > DIFFERENT) & (maps.food > FOOD)
    if not mask.any():
        return None
    opened = ndimage.binary_opening(mask, iterations=CLEANING)
    large = _large_patches(opened if opened.any() else mask, PATCH)
    down, across = ndimage.find_objects(large.astype(int))[0]
    return across.start, down.start, across.stop, down.stop


def excess_saliency(maps: SaliencyMaps) -> Map:
    """How far the saliency of each place is above the threshold, of the maps' shape."""
    rating = np.sqrt(scale_map(maps.color) * np.sqrt(maps.detail * _centrality(maps))) * maps.food
    return rating - ABOVE * otsu_threshold(rating)


def _centrality(maps: SaliencyMaps) -> Map:
    down, across = (((np.arange(side) + 0.5) / side - 0.5) ** 2 for side in maps.color.shape)
    return np.exp(-(down[:, None] + across[None, :]) / (2 * CENTER**2))


def cut_out(image: Image.Image, color: Color) -> Image.Image:
    """What an RGB picture shows, on one color and trimmed; as it is when nothing stands out."""
    mask = find_foreground(image)
    if not mask.any():
        return image
    ground, edges = Image.new("RGB", image.size, color), _soft_edges(mask, image.size)
    ground.paste(image, mask=edges)
    return ground.crop(edges.getbbox())


def find_foreground(image: Image.Image) -> NDArray[np.bool_]:
    """Which cells of a picture belong to what it shows: bool of shape (height, width) in cells.

    A cell is a 48th of the longer side.
    """
    rating = excess_saliency(map_saliency(image))
    left, top, right, bottom = max_sum_box(rating)
    inside = np.zeros(rating.shape, dtype=bool)
    inside[top:bottom, left:right] = rating[top:bottom, left:right] > 0
    # the frame of GAP keeps closing from eating at the picture's edges
    closed = ndimage.binary_closing(np.pad(inside, GAP), iterations=GAP)[GAP:-GAP, GAP:-GAP]
    large = _large_patches(ndimage.binary_fill_holes(closed), CRUMB)
    return np.asarray(ndimage.binary_dilation(large))


def _large_patches(mask: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """The connected patches of a mask, (height, width), with this share of the largest's area."""
    patches, count = ndimage.label(mask, np.ones((3, 3)))
    areas = np.bincount(patches.ravel(), minlength=count + 1)[1:]
    return np.isin(patches, 1 + np.flatnonzero(areas >= share * areas.max(initial=0)))


def _soft_edges(mask: NDArray[np.bool_], size: tuple[int, int]) -> Image.Image:
    cells = Image.fromarray(mask.astype(np.uint8) * 255)
    smooth = cells.resize(size, Image.Resampling.BICUBIC)
    return smooth.point(lambda level: (level - EDGE_LOW) * EDGE_STEEP)
