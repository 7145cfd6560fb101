"""Draws the small things that lie on more than one dish: herbs, lemons, flecks, lumps, olives."""

import math
import random

from foodcls.sample.brush import (
    FLAT,
    SMALL,
    Color,
    Stroke,
    blend,
    body,
    leaf,
    placed,
    stamp,
    strand,
    tint,
    vary,
)
from foodcls.sample.shapes import Place, arc, disc, heap, lump, moved, scatter

BASIL, PARSLEY, ROSEMARY = (62, 128, 44), (58, 118, 40), (74, 104, 62)
LEMON, PITH = (246, 214, 70), (250, 242, 200)


def beside(at: Place, angle: float, distance: float) -> Place:
    """The place that lies `distance` from `at` in the direction `angle`."""
    return at[0] + math.cos(angle) * distance, at[1] + math.sin(angle) * distance


def sauce(dice: random.Random, radius: float, color: Color, top: float) -> list[Stroke]:
    """A pool with an uneven edge, rising to `top` in the middle; the ground of a heap."""
    outline = lump(dice, radius, radius, 0.09, 28)
    steps = (1.0, 0.93, 0.84, 0.72, 0.58, 0.4, 0.2)
    return [
        Stroke(outline * share, tint(color, 0.86 + 0.1 * (1 - share)), heap((share, 0), top))
        for share in steps
    ]


def crumbs(
    dice: random.Random, places: list[Place], size: float, color: Color, lift: float, bulge: float
) -> list[Stroke]:
    """Lumps of no particular form, one at each place, on top of the heap."""
    strokes = []
    for part in range(3):
        crumb = body(lump(dice, size, size * 0.8, 0.2, 9), color, 0, bulge, SMALL)
        strokes += stamp(dice, crumb, places[part::3], (lift - 2, lift + 2), (0.35, 0.16))
    return strokes


def flecks(
    dice: random.Random, count: int, radius: float, color: Color, lift: float, size: float = 0.02
) -> list[Stroke]:
    """Chopped herbs or pepper: specks too small to have a shape."""
    fleck = [Stroke(disc(size * 1.3, size * 0.7, 5), color, 0)]
    places = [
        beside((0, 0), 6.3 * dice.random(), radius * dice.random() ** 0.5) for _ in range(count)
    ]
    return stamp(dice, fleck, places, (lift, lift), (0.5, 0.2))


def basil_sprig(
    dice: random.Random, at: Place, size: float, leaves: int, height: float
) -> list[Stroke]:
    """Basil leaves that spread from one point."""
    strokes, turn = [], 6.3 * dice.random()
    for index in range(leaves):
        angle = turn + index * 6.28 / max(leaves, 3) + dice.uniform(-0.3, 0.3)
        length = size * dice.uniform(0.8, 1.15)
        green = vary(dice, BASIL, 0.12)
        blade = leaf(length, length * 0.62, green)
        strokes += placed(blade, beside(at, angle, length * 0.48), 1, angle, height + 6 * index)
    return strokes


def rosemary(dice: random.Random, at: Place, size: float, height: float) -> list[Stroke]:
    """A twig with needles on both sides."""
    stem = arc((0, 1.2), 1.3, -2.0, 0.8, 10)
    strokes = strand(stem, 0.03, (110, 92, 60), height, 6)
    for root in stem:
        for side in (-1, 1):
            angle = side * dice.uniform(0.6, 1.0)
            needle = moved(disc(0.15, 0.024, 7), beside((root[0], root[1]), angle, 0.13), angle)
            strokes.append(Stroke(needle, vary(dice, ROSEMARY, 0.15), height + 8))
    return placed(strokes, at, size, 6.3 * dice.random())


def lemon_slice(dice: random.Random) -> list[Stroke]:
    """A round slice of radius 1: peel, pith and eight segments."""
    strokes = body(disc(1, 1, 22), LEMON, 0, 8, FLAT)
    strokes.append(Stroke(disc(0.88, 0.88, 22), PITH, 8))
    for index in range(8):
        angle = index * math.pi / 4
        wedge = moved(lump(dice, 0.34, 0.16, 0.03, 10), beside((0, 0), angle, 0.48), angle)
        strokes += body(wedge, (248, 224, 96), 6, 4, SMALL)
    return strokes


def lemon_wedge(dice: random.Random) -> list[Stroke]:
    """An eighth of a lemon of radius 1 lying on its peel."""
    moon = arc((0, -0.5), 1, 0.3, math.pi - 0.6, 14)
    strokes = body(moon, LEMON, 0, 26)
    return strokes + body(moon * (0.8, 0.7) + (0, 0.02), (252, 236, 140), 22, 10, FLAT)


def parsley(dice: random.Random, at: Place, size: float, height: float) -> list[Stroke]:
    """A curly sprig: many small lobes."""
    lobe = body(lump(dice, 0.34, 0.26, 0.25, 10), PARSLEY, height - 118, 10, SMALL)
    sprig = stamp(dice, lobe, scatter(dice, 16, 0.9), (0, 14), (0.2, 0.25))
    return placed(sprig, at, size)


def olive(size: float, color: Color) -> list[Stroke]:
    """A glossy olive."""
    shine = disc(size * 0.2, size * 0.13, 7) - (size * 0.25, size * 0.28)
    strokes = body(disc(size, size * 0.78, 14), color, 6, 26)
    return [*strokes, Stroke(shine, blend(color, (255, 255, 255), 0.6), 33)]
