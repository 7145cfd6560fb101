"""Turns a picture into small saliency maps: how much each place stands out by color and detail."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.spatial import cKDTree

Map = NDArray[np.float64]

SIDE = 48  # cells of the longer side of a map
FRAME = 1  # cells at each edge of the picture that count as its surroundings
# of the frame: a color belongs to the background when this share of the frame is as near to it,
# so that a stalk that reaches the edge does not
BACKGROUND = 0.04
# shadows and white plates differ from a table in lightness, dishes in color
LIGHTNESS = 0.3
BLUR = 1.4  # cells
COLORFUL = 30.0  # chroma in Lab; a tomato has 60, wood 25, a plate below 10
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


@dataclass(frozen=True)
class SaliencyMaps:
    """Maps, float64 of one shape (height, width), the longer side of SIDE cells."""

    color: Map  # distance in Lab to the colors at the picture's edge
    detail: Map  # 0 to 1: how busy a place is
    food: Map  # 0 to 1: colorful or busy, as plates and tables mostly are not
    spread: float  # how far the colors at the edge lie apart; 0 for a plain background


def map_saliency(image: Image.Image) -> SaliencyMaps:
    """The saliency maps of an upright RGB picture."""
    shape = map_shape(image.size)
    lab = to_lab(np.asarray(_shrunk(image, shape), dtype=np.float64) / 255)
    frame = lab[_frame_mask(shape)]
    detail = scale_map(ndimage.gaussian_filter(_edges(image, shape), BLUR))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return SaliencyMaps(
        color=_background_distance(lab, frame),
        detail=detail,
        food=np.maximum(np.clip(chroma / COLORFUL, 0, 1), detail),
        spread=float(np.percentile(np.linalg.norm(frame - np.median(frame, axis=0), axis=1), 75)),
    )


def map_shape(size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the maps of a picture of (width, height)."""
    share = SIDE / max(size)
    return max(1, round(size[1] * share)), max(1, round(size[0] * share))


def scale_map(values: Map) -> Map:
    """A map of any shape scaled to 0 to 1, the largest twentieth of its values all 1."""
    return np.clip(values / (np.percentile(values, 95) + 1e-9), 0, 1)


def to_lab(rgb: Map) -> Map:
    """CIE L*a*b* (D65) of sRGB values from 0 to 1; both float64 of shape (height, width, 3)."""
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    # no matrix product: its last digits depend on the number of threads
    xyz = (linear[..., None, :] * TO_XYZ).sum(axis=-1) / WHITE
    x, y, z = np.moveaxis(np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _shrunk(image: Image.Image, shape: tuple[int, int], cells: int = 1) -> Image.Image:
    return image.resize((shape[1] * cells, shape[0] * cells), Image.Resampling.BOX)


def _frame_mask(shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.ones(shape, dtype=bool)
    mask[FRAME:-FRAME, FRAME:-FRAME] = False
    return mask


def _background_distance(lab: Map, frame: Map) -> Map:
    weights = np.array([LIGHTNESS, 1.0, 1.0])
    nearest = [max(1, round(len(frame) * BACKGROUND))]
    distances, _ = cKDTree(frame * weights).query((lab * weights).reshape(-1, 3), k=nearest)
    return np.asarray(distances, dtype=np.float64).reshape(lab.shape[:2])


def _edges(image: Image.Image, shape: tuple[int, int]) -> Map:
    """The mean slope of the lightness in each cell, seen at twice the resolution."""
    gray = np.asarray(_shrunk(image, shape, 2).convert("L"), dtype=np.float64)
    slope = np.hypot(ndimage.sobel(gray, 0), ndimage.sobel(gray, 1))
    return slope.reshape(shape[0], 2, shape[1], 2).mean(axis=(1, 3))
