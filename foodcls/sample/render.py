"""Renders strokes, seen by a camera and lit, as a picture; knows nothing of what they show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from foodcls.sample.brush import Stroke
from foodcls.sample.shapes import Place, Points

PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class Camera:
    """How the plane of the table is projected into the picture."""

    width: int  # pixels
    height: int
    scale: float  # pixels for a unit of the plane
    turn: float  # radians
    squeeze: float  # 1 looks straight down, 0.7 from the side
    center: Place  # the point of the plane in the middle of the picture

    def sees(self, at: Place, radius: float) -> bool:
        """Whether something of that radius at that place may be visible in the picture."""
        distance = math.dist(at, self.center) - radius
        return distance * self.scale * self.squeeze < math.hypot(self.width, self.height) / 2


@dataclass(frozen=True)
class Light:
    """How the scene is lit and what the sensor makes of it."""

    angle: float  # radians, where the light comes from in the picture
    contrast: float = 1.0  # of the shading
    shadow: float = 0.5  # 0 none, 1 black
    gloss: float = 0.3
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignette: float = 0.15
    blur: float = 0.0  # radius in pixels
    noise: float = 3.0  # gray levels


def project(strokes: Sequence[Stroke], camera: Camera) -> Points:
    """All corners of the strokes in pixels, (n, 2); what stands higher moves up the picture."""
    sizes = [len(stroke.points) for stroke in strokes]
    plane = np.concatenate([stroke.points for stroke in strokes]) - camera.center
    heights = np.repeat([stroke.height for stroke in strokes], sizes)
    cos, sin = math.cos(camera.turn) * camera.scale, math.sin(camera.turn) * camera.scale
    lift = math.sqrt(max(0.0, 1 - camera.squeeze**2)) * camera.scale / 330
    x = plane[:, 0] * cos - plane[:, 1] * sin + camera.width / 2
    y = (plane[:, 0] * sin + plane[:, 1] * cos) * camera.squeeze + camera.height / 2
    return np.column_stack((x, y - heights * lift))


def bounds(strokes: Sequence[Stroke], camera: Camera) -> PixelBox:
    """The bounding box of the strokes: xmin, ymin, xmax, ymax in pixels, inside the picture."""
    points = project(strokes, camera)
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    sides = (camera.width, camera.height)
    xmin, ymin = (int(min(max(v, 0), side - 1)) for v, side in zip(low, sides, strict=True))
    xmax, ymax = (int(min(max(v, 1), side)) for v, side in zip(high, sides, strict=True))
    return xmin, ymin, xmax, ymax


def paint(strokes: Sequence[Stroke], camera: Camera) -> Image.Image:
    """Color and height of each pixel, as red, green, blue and height (0 to 255) in four bands."""
    # CMYK is Pillow's only four-band mode that draws and shrinks each band on its own
    canvas = Image.new("CMYK", (camera.width * 2, camera.height * 2), (150, 140, 130, 20))
    draw = ImageDraw.Draw(canvas)
    points = project(strokes, camera) * 2
    corners, start = points.ravel().tolist(), 0
    for stroke, visible in zip(strokes, _visible(strokes, points, canvas.size), strict=True):
        end = start + 2 * len(stroke.points)
        if visible:
            fill = (*stroke.color, max(0, min(255, int(stroke.height))))
            draw.polygon(corners[start:end], fill=fill)
        start = end
    return canvas.reduce(2)


def _visible(strokes: Sequence[Stroke], points: Points, size: tuple[int, int]) -> list[bool]:
    starts = np.cumsum([0] + [len(stroke.points) for stroke in strokes[:-1]])
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    inside = (high > 0) & (low < size)
    return [bool(x and y) for x, y in inside.tolist()]


def shade(painted: Image.Image, light: Light, seed: int) -> Image.Image:
    """Light what `paint` made, as an RGB image: slopes, shadows, gloss, lens and sensor noise."""
    width, height = painted.size
    relief = painted.getchannel(3)
    level = np.asarray(relief.filter(ImageFilter.BoxBlur(1)), np.float32)
    slope = _slope(level + _grain(width, height, seed) * 0.7, light.angle)
    glow = _limit(slope * (0.022 * light.contrast) + 1, 0.5, 1.4)
    glow *= 1 - light.shadow * _shadow(relief, level, light.angle)
    glow *= _lens(width, height, light.vignette)
    shine = _limit(slope - 9, 0, 16) * (light.gloss * 5)
    shine += _grain(width, height, seed + 1) * light.noise
    image = _expose(painted, glow, shine.astype(np.int16), light.tint)
    return image.filter(ImageFilter.BoxBlur(light.blur)) if light.blur else image


def _expose(
    painted: Image.Image, glow: np.ndarray, shine: np.ndarray, tint: tuple[float, float, float]
) -> Image.Image:
    bands = []
    for band, share in enumerate(tint):
        # fixed point: several times faster than floats, and 128 steps are finer than the noise
        factor = (_limit(glow * share, 0, 1.99) * 128).astype(np.uint16)
        lit = (np.asarray(painted.getchannel(band)) * factor >> 7).astype(np.int16) + shine
        bands.append(Image.fromarray(_limit(lit, 0, 255).astype(np.uint8)))
    return Image.merge("RGB", bands)


def _limit(values: np.ndarray, low: float, high: float) -> np.ndarray:
    np.maximum(values, low, out=values, casting="unsafe")
    return np.minimum(values, high, out=values, casting="unsafe")


def _slope(level: np.ndarray, angle: float) -> np.ndarray:
    slope = np.zeros_like(level)
    slope[:, 1:-1] = (level[:, 2:] - level[:, :-2]) * (-math.cos(angle))
    slope[1:-1] += (level[2:] - level[:-2]) * (-math.sin(angle))
    return slope


def _shadow(relief: Image.Image, level: np.ndarray, angle: float) -> np.ndarray:
    side = min(relief.size)
    crevice = np.asarray(relief.filter(ImageFilter.BoxBlur(side // 90)), np.float32) - level
    around = np.asarray(relief.filter(ImageFilter.BoxBlur(side // 45)), np.float32)
    reach = side / 32
    across, down = round(-math.cos(angle) * reach), round(-math.sin(angle) * reach)
    cast = np.roll(around, (down, across), (0, 1)) - level
    return _limit(crevice / 42, 0, 0.8) + _limit(cast / 87, 0, 0.6)


@lru_cache
def _grain_tile() -> np.ndarray:
    return np.random.default_rng(20).normal(0, 1, (640, 640)).astype(np.float32)


def _grain(width: int, height: int, seed: int) -> np.ndarray:
    # a window into one field of noise: as good as fresh noise, and free
    tile = _grain_tile()
    x, y = seed * 37 % (640 - width + 1), seed * 101 % (640 - height + 1)
    return tile[y : y + height, x : x + width]


def _lens(width: int, height: int, vignette: float) -> np.ndarray:
    x = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    y = np.linspace(-1, 1, height, dtype=np.float32) ** 2
    return 1 - vignette * (y[:, None] + x) / 2
