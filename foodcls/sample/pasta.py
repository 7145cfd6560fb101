"""Draws the four pasta dishes: any shape of pasta, told apart by what is on it."""

import math
import random

import numpy as np

from foodcls.sample.brush import (
    SMALL,
    Color,
    Stroke,
    blend,
    body,
    placed,
    stamp,
    strand,
    tint,
    vary,
)
from foodcls.sample.garnish import PARSLEY, basil_sprig, crumbs, flecks, sauce
from foodcls.sample.shapes import Place, arc, disc, lump, moved, scatter

WHEAT = (234, 202, 128)


def with_pesto(dice: random.Random) -> list[Stroke]:
    """Pasta green all over, dabs of pesto, pine nuts, some basil."""
    green = vary(dice, (92, 128, 40), 0.1)
    strokes = sauce(dice, 0.82, tint(green, 0.9), 86)
    strokes += _pasta(dice, blend(WHEAT, green, dice.uniform(0.42, 0.62)))
    strokes += crumbs(dice, scatter(dice, 24, 0.72), 0.075, green, 8, 8)
    strokes += flecks(dice, 90, 0.85, (48, 88, 26), 22)
    nut = body(disc(0.065, 0.036, 10), (240, 220, 170), 14, 16, SMALL)
    strokes += stamp(dice, nut, scatter(dice, dice.randint(5, 10), 0.6))
    return strokes + basil_sprig(dice, _near_middle(dice), 0.36, dice.choice((0, 2, 3)), 132)


def with_tomato_sauce(dice: random.Random) -> list[Stroke]:
    """Orange pasta under a smooth red sauce, a sprig of basil, some cheese."""
    red, at = vary(dice, (200, 40, 22), 0.08), _near_middle(dice)
    strokes = sauce(dice, 0.78, blend(red, (214, 96, 36), 0.3), 86)
    strokes += _pasta(dice, blend(WHEAT, (222, 92, 34), dice.uniform(0.35, 0.75)))
    pool = lump(dice, dice.uniform(0.45, 0.62), dice.uniform(0.4, 0.58), 0.16, 30)
    strokes += body(moved(pool, at), red, 110, 20)
    blots = body(lump(dice, 0.11, 0.08, 0.2, 12), tint(red, 1.14), 12, 8, SMALL)
    strokes += placed(stamp(dice, blots, scatter(dice, 10, 0.4)), at)
    strokes += _cheese(dice, at, dice.choice((0, 0, 25)), 0.4)
    return strokes + basil_sprig(dice, at, 0.34, dice.choice((1, 2, 3, 4)), 142)


def with_meat_sauce(dice: random.Random) -> list[Stroke]:
    """Pale pasta under a heap of brown mince, grated cheese."""
    brown = vary(dice, (128, 66, 36), 0.1)
    strokes = sauce(dice, 0.76, (176, 92, 44), 84)
    strokes += _pasta(dice, blend(WHEAT, (206, 120, 58), dice.uniform(0.15, 0.45)))
    at, reach = _near_middle(dice), dice.uniform(0.5, 0.66)
    pool = lump(dice, reach, reach, 0.14, 26)
    strokes += body(moved(pool, at), blend(brown, (160, 58, 26), 0.5), 106, 14)
    mince = crumbs(dice, scatter(dice, 70, reach * 0.98), 0.066, brown, 14, 22)
    mince += crumbs(dice, scatter(dice, 34, reach * 0.94), 0.085, tint(brown, 1.1), 20, 22)
    mince += crumbs(dice, scatter(dice, 9, reach * 0.9), 0.045, (218, 112, 36), 32, 12)
    return strokes + placed(mince, at) + _cheese(dice, at, dice.choice((0, 22, 50)), 0.4)


def with_clams_and_mussels(dice: random.Random) -> list[Stroke]:
    """Pale pasta with open shells, black and beige, and chopped parsley."""
    strokes = sauce(dice, 0.84, (214, 186, 120), 82)
    strokes += _pasta(dice, blend(WHEAT, (246, 228, 178), dice.uniform(0.3, 0.9)))
    strokes += crumbs(dice, scatter(dice, dice.choice((0, 8)), 0.7), 0.07, (206, 62, 34), 10, 12)
    strokes += flecks(dice, 70, 0.85, PARSLEY, 24)
    places, size = scatter(dice, dice.randint(9, 13), 0.74), dice.uniform(0.21, 0.26)
    strokes += stamp(dice, _mussel(dice, size), places[::2], (12, 18))
    clam = vary(dice, (206, 184, 146), 0.1)
    strokes += stamp(dice, _clam(dice, size * 0.74, clam), places[1::4], (12, 18))
    strokes += stamp(dice, _clam(dice, size * 0.74, tint(clam, 0.86)), places[3::4], (12, 18))
    return strokes + flecks(dice, 14, 0.7, PARSLEY, 52, 0.024)


def _pasta(dice: random.Random, color: Color) -> list[Stroke]:
    return dice.choice((_spaghetti, _spaghetti, _penne, _fusilli))(dice, color)


def _spaghetti(dice: random.Random, color: Color) -> list[Stroke]:
    width, places = dice.uniform(0.045, 0.07), scatter(dice, 118, 0.52)
    dice.shuffle(places)
    strokes = []
    for part in range(12):
        path = arc((0, 0), dice.uniform(0.2, 0.42), 0, dice.uniform(1.4, 3.2), 11)
        curl = strand(path, width, vary(dice, color, 0.06), 0, 18)
        strokes += stamp(dice, curl, places[part::12], (-12 + part, -4 + part), (0.03, 0.08))
    return strokes


def _penne(dice: random.Random, color: Color) -> list[Stroke]:
    size = dice.uniform(0.27, 0.36)
    line = np.column_stack((np.linspace(-size / 2, size / 2, 5), (0.02, 0.03, 0.035, 0.03, 0.02)))
    tube = strand(line, 0.115, color, 0, 26)
    for y in (-0.02, 0.018):
        tube += strand(line + (0, y), 0.012, tint(color, 0.9), 20, 4)[:1]
    tube.append(Stroke(disc(0.026, 0.045, 10) + (size / 2, 0.02), tint(color, 0.42), -6))
    return stamp(dice, tube, scatter(dice, 84, 0.8), (-8, 8), (0.1, 0.09))


def _fusilli(dice: random.Random, color: Color) -> list[Stroke]:
    size, screw = dice.uniform(0.26, 0.34), []
    for step in range(5):
        twist = moved(disc(0.082, 0.042, 10), ((step - 2) * size / 5, 0), 0.9)
        screw += body(twist, color, 0, 24, SMALL)
    return stamp(dice, screw, scatter(dice, 70, 0.82), (-8, 8), (0.1, 0.09))


def _mussel(dice: random.Random, size: float) -> list[Stroke]:
    t = np.linspace(0, 1, 14)
    half = 0.52 * np.sin(math.pi * t**0.7)
    drop = np.concatenate(
        (np.column_stack((t * 2 - 1, half)), np.column_stack((t * 2 - 1, -half))[::-1])
    )
    meat = lump(dice, size * 0.5, size * 0.24, 0.12) - (size * 0.08, 0)
    shell = body(drop * size, (42, 44, 62), 0, 16)[:2]
    pearl = Stroke(drop * size * (0.82, 0.76), (150, 158, 184), 8)
    return [*shell, pearl, *body(meat, (226, 142, 58), 10, 18)]


def _clam(dice: random.Random, size: float, color: Color) -> list[Stroke]:
    fan = np.concatenate((arc((0, 0), size, -2.5, 5.0, 16), [(-size, 0.0)]))
    strokes = body(fan, color, 0, 26)
    for ring in (0.88, 0.7, 0.52):
        line = arc((-size * (1 - ring) * 0.8, 0), size * ring, -1.9, 3.8, 12)
        strokes += strand(line, 0.02, tint(color, 0.62), 22 - 8 * ring, 2)[:1]
    if dice.random() < 0.5:
        strokes += body(lump(dice, size * 0.55, size * 0.4, 0.1), (232, 176, 104), 22, 12)
    return strokes


def _cheese(dice: random.Random, at: Place, count: int, radius: float) -> list[Stroke]:
    shred = [Stroke(disc(0.045, 0.014, 6), (250, 238, 198), 26)]
    return placed(stamp(dice, shred, scatter(dice, count, radius), vary=(0.2, 0.05)), at)


def _near_middle(dice: random.Random) -> Place:
    return dice.uniform(-0.14, 0.14), dice.uniform(-0.14, 0.14)
