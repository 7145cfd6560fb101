"""Builds strokes, colored polygons with a height, of places and sizes."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from foodcls.sample.shapes import Place, Points, heap, moved

Color = tuple[int, int, int]


class Stroke(NamedTuple):
    """One polygon: corners, color, and how high it stands (0 to 255, the table is about 20)."""

    points: Points
    color: Color
    height: float


# share of the outline, brightness, share of the bulge: how a flat polygon becomes a rounded body
ROUND = ((1.0, 0.74, 0.0), (0.84, 0.93, 0.55), (0.62, 1.04, 0.85), (0.34, 1.1, 1.0))
SMALL = ((1.0, 0.8, 0.0), (0.6, 1.06, 1.0))
# for bodies so large that four steps would show
SMOOTH = tuple((1 - k / 22, 0.7 + 0.44 * (k / 17) ** 0.6, math.sqrt(k / 17)) for k in range(18))
FLAT = ((1.0, 0.88, 0.0), (0.93, 1.0, 1.0))


def tint(color: Color, factor: float) -> Color:
    """The color made darker (factor below 1) or lighter."""
    red, green, blue = color
    return min(255, int(red * factor)), min(255, int(green * factor)), min(255, int(blue * factor))


def blend(first: Color, second: Color, share: float) -> Color:
    """The color that lies `share` (0 to 1) of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def vary(dice: random.Random, color: Color, spread: float = 0.08) -> Color:
    """A color close by: brighter or darker, and a little warmer or colder."""
    glow, warmth = 1 + dice.uniform(-spread, spread), 1 + dice.uniform(-spread, spread) / 4
    red, green, blue = color
    return tint((int(red * warmth), green, int(blue / warmth)), glow)


def body(
    outline: Points,
    color: Color,
    height: float,
    bulge: float = 20,
    levels: Sequence[tuple[float, float, float]] = ROUND,
) -> list[Stroke]:
    """A rounded body over the outline: nested polygons, each higher than the one around it."""
    middle = outline.sum(axis=0) / len(outline)
    spokes = outline - middle
    return [
        Stroke(middle + spokes * share, tint(color, glow), height + bulge * rise)
        for share, glow, rise in levels
    ]


def strand(
    path: Points, width: float, color: Color, height: float, bulge: float = 14
) -> list[Stroke]:
    """A rounded string along the path: spaghetti, a bone, a ring, the handle of a fork."""
    along = np.empty_like(path)
    along[1:-1], along[0], along[-1] = path[2:] - path[:-2], path[1] - path[0], path[-1] - path[-2]
    length = np.sqrt((along * along).sum(axis=1))[:, None] + 1e-9
    across = along[:, ::-1] * (-width / 2, width / 2) / length
    return [
        Stroke(
            np.concatenate((path + across * share, (path - across * share)[::-1])),
            tint(color, glow),
            height + bulge * rise,
        )
        for share, glow, rise in ((1.0, 0.76, 0.0), (0.68, 1.0, 0.7), (0.3, 1.1, 1.0))
    ]


def leaf(length: float, width: float, color: Color) -> list[Stroke]:
    """A leaf about the origin: two halves in different light and a vein between them."""
    t = np.linspace(0, 1, 9)
    spine = np.column_stack((t * length - length / 2, np.zeros(9)))
    bow = np.column_stack((np.zeros(9), np.sin(math.pi * t**0.8) * width / 2))
    upper = np.concatenate((spine + bow, spine[::-1]))
    lower = upper * (1, -1)
    return [
        Stroke(lower, tint(color, 0.82), 0),
        Stroke(upper, tint(color, 1.08), 8),
        Stroke(upper * 0.7, tint(color, 1.18), 13),
        Stroke(lower * 0.7, tint(color, 0.94), 6),
        *strand(spine[::4], width * 0.09, tint(color, 1.35), 6, 2)[:2],
    ]


def placed(
    strokes: Sequence[Stroke], at: Place, size: float = 1, angle: float = 0, lift: float = 0
) -> list[Stroke]:
    """The strokes scaled, turned by `angle` radians, shifted to `at` and raised by `lift`."""
    if not strokes:
        return []
    points = moved(np.concatenate([stroke.points for stroke in strokes]) * size, at, angle)
    ends = np.cumsum([len(stroke.points) for stroke in strokes]).tolist()
    return [
        Stroke(points[end - len(old) : end], color, height + lift)
        for (old, color, height), end in zip(strokes, ends, strict=True)
    ]


def stamp(
    dice: random.Random,
    template: Sequence[Stroke],
    places: Sequence[Place],
    lift: tuple[float, float] = (0, 0),
    vary: tuple[float, float] = (0.15, 0.1),
) -> list[Stroke]:
    """A copy of the template at each place of a heap, each turned at random.

    `lift` is the range of heights above the heap; `vary` how much size and brightness differ.
    """
    if not places:
        return []
    points = np.concatenate([stroke.points for stroke in template])
    ends = np.cumsum([len(stroke.points) for stroke in template]).tolist()
    copies = _copies(dice, points, places, vary[0])
    strokes = []
    for at, copy in zip(places, copies, strict=True):
        glow, ground = 1 + dice.uniform(-vary[1], vary[1]), heap(at) + dice.uniform(*lift)
        for (old, color, height), end in zip(template, ends, strict=True):
            strokes.append(Stroke(copy[end - len(old) : end], tint(color, glow), ground + height))
    return strokes


def _copies(
    dice: random.Random, points: Points, places: Sequence[Place], spread: float
) -> np.ndarray:
    turns = np.array([dice.random() * 2 * math.pi for _ in places])
    sizes = np.array([1 + dice.uniform(-spread, spread) for _ in places])
    cos, sin = (np.cos(turns) * sizes)[:, None], (np.sin(turns) * sizes)[:, None]
    x, y = points[:, 0], points[:, 1]
    return np.stack((x * cos - y * sin, x * sin + y * cos), axis=2) + np.array(places)[:, None]
