"""Turns sizes into outlines and places: lists of corners, without color or height."""

import math
import random
from functools import lru_cache

import numpy as np

Place = tuple[float, float]
Points = np.ndarray  # (n, 2), float64, in plate radii; x to the right and y down


def disc(rx: float, ry: float, corners: int = 18) -> Points:
    """An ellipse about the origin."""
    return _circle(corners) * (rx, ry)


def lump(dice: random.Random, rx: float, ry: float, rough: float, corners: int = 16) -> Points:
    """An ellipse whose edge varies at random by `rough` of its radius."""
    waves = [(k, dice.uniform(-1, 1) * rough / k**0.5, dice.random() * 6.3) for k in (2, 3, 5)]
    angle = np.arange(corners) * (2 * math.pi / corners)
    radius = 1 + sum(size * np.sin(k * angle + phase) for k, size, phase in waves)
    return _circle(corners) * radius[:, None] * (rx, ry)


def block(width: float, height: float, rounding: float = 0.15) -> Points:
    """A rectangle about the origin, corners rounded by `rounding` of the short side."""
    if not rounding:
        return np.array(((-1, -1), (1, -1), (1, 1), (-1, 1))) * (width / 2, height / 2)
    radius = min(width, height) * rounding
    x, y = width / 2 - radius, height / 2 - radius
    quarter = np.linspace(0, math.pi / 2, 8)
    corner = np.column_stack((np.cos(quarter), np.sin(quarter))) * radius
    signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    # every other corner is walked backwards, so that the outline does not cross itself
    corners = [(corner + (x, y))[:: a * b] * (a, b) for a, b in signs]
    return np.concatenate(corners)


def spun(points: Points, angle: float) -> Points:
    """The points turned about the origin by `angle` radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return points @ np.array(((cos, sin), (-sin, cos)))


def moved(points: Points, at: Place, angle: float = 0.0) -> Points:
    """The points turned about the origin, then shifted to `at`."""
    return spun(points, angle) + at


def arc(at: Place, radius: float, start: float, sweep: float, n: int = 12) -> Points:
    """A part of a circle as a path; angles in radians."""
    angle = start + np.arange(n) * (sweep / (n - 1))
    return np.stack((at[0] + radius * np.cos(angle), at[1] + radius * np.sin(angle)), axis=1)


def scatter(dice: random.Random, count: int, radius: float) -> list[Place]:
    """Places in a disc, evenly spread, from the rim to the middle, so that the middle is on top."""
    golden, shift = math.pi * (3 - math.sqrt(5)), dice.random() * 6.3
    places = []
    for index in range(count, 0, -1):
        r = radius * math.sqrt((index - 0.5) / count) + dice.gauss(0, 0.05 * radius)
        angle = index * golden + shift + dice.gauss(0, 0.12)
        places.append((r * math.cos(angle), r * math.sin(angle)))
    return places


def heap(at: Place, top: float = 118) -> float:
    """How high a heap of food stands there: `top` in the middle, 62 at distance 1."""
    return 62 + (top - 62) * max(0.0, 1 - at[0] ** 2 - at[1] ** 2)


@lru_cache(maxsize=64)
def _circle(corners: int) -> Points:
    angle = np.arange(corners) * (2 * math.pi / corners)
    return np.column_stack((np.cos(angle), np.sin(angle)))
