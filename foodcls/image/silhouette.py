"""Draws irregular silhouettes: a random part of a picture in a random outline, as a cut-out dish.

Knows nothing of what the picture shows: outlines that cut blindly were worth more to a model than
careful segmentation, see docs/models.md.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CELLS = 64  # a side of the field that outlines are drawn from
LUMPS, FRINGES = (4, 8), (9, 20)  # waves of the field a side: large and small ones
FRINGE = 0.35  # height of the small ones
ROUND = 1.6  # how much the field falls from the center to the edges
COVER = (0.3, 0.75)  # of the field, inside the outline
EDGE = 8  # cells are so many times softer than the outline
LONG = 0.3  # logarithm of a crop's longest shape: 1.35 times as long as wide

Color = tuple[int, int, int]
Range = tuple[float, float]
Floats = NDArray[np.float32]


def random_crop(
    image: Image.Image, size: int, scale: Range, draw: np.random.Generator
) -> Image.Image:
    """A random part of an RGB picture, squashed to a square of `size` pixels.

    It shows a share of the area between the ends of `scale`, more often of the picture's middle.
    """
    share, aspect = np.exp(draw.uniform(*np.log(scale))), np.exp(draw.uniform(-LONG, LONG))
    edges = []
    for side, part in zip(image.size, (np.sqrt(share * aspect), np.sqrt(share / aspect)),
                          strict=True):  # fmt: skip
        length = max(1.0, side * min(1.0, float(part)))
        # half as far from the middle as a uniform draw
        start = (side - length) * (0.5 + draw.random()) / 2
        edges.append((start, start + length))
    (left, right), (top, bottom) = edges
    return image.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, right, bottom))


def quarter_turn(image: Image.Image, draw: np.random.Generator) -> Image.Image:
    """The square picture after 0 to 3 quarter turns: a turn between them would blur it."""
    return image.rotate(90 * int(draw.integers(4)))


def random_silhouette(image: Image.Image, fill: Color, draw: np.random.Generator) -> Image.Image:
    """The square picture inside a random outline that reaches its four edges, `fill` outside."""
    ground = Image.new("RGB", image.size, fill)
    ground.paste(image, mask=_draw_outline(image.width, draw))
    return ground


def _draw_outline(size: int, draw: np.random.Generator) -> Image.Image:
    """A mask (mode L) of `size` pixels a side: smooth noise above a threshold, trimmed."""
    axis = (np.arange(CELLS) + 0.5) / CELLS * 2 - 1
    hill = -ROUND * (axis[:, None] ** 2 + axis[None, :] ** 2)
    lumps = draw.uniform(0.3, 1.0) * _noise(LUMPS, draw)
    field = (hill + lumps + FRINGE * _noise(FRINGES, draw)).astype(np.float32)
    field -= np.quantile(field, 1 - draw.uniform(*COVER))
    rows, columns = (np.flatnonzero((field > 0).any(axis=axis)) for axis in (1, 0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    smooth = Image.fromarray(field).resize((size, size), Image.Resampling.BICUBIC, box=box)
    steep = np.asarray(smooth) * size / EDGE + 0.5
    return Image.fromarray((steep.clip(0, 1) * 255).astype(np.uint8))


def _noise(waves: tuple[int, int], draw: np.random.Generator) -> Floats:
    """Smooth noise, float32 (CELLS, CELLS), of unit variance at so many points a side."""
    points = draw.normal(size=(draw.integers(*waves),) * 2).astype(np.float32)
    return np.asarray(Image.fromarray(points).resize((CELLS, CELLS), Image.Resampling.BICUBIC))
