"""Draws meat and fish: pork, fish cutlet, rabbit and seafood salad."""

import math
import random

import numpy as np

from foodcls.sample.brush import (
    FLAT,
    SMALL,
    SMOOTH,
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
from foodcls.sample.garnish import (
    PARSLEY,
    beside,
    flecks,
    lemon_slice,
    lemon_wedge,
    olive,
    parsley,
    rosemary,
    sauce,
)
from foodcls.sample.shapes import arc, disc, lump, moved, scatter


def grilled_pork_cutlet(dice: random.Random) -> list[Stroke]:
    """One or two slabs of meat with dark grill marks and a pale rim of fat."""
    turn, strokes = 6.3 * dice.random(), sauce(dice, dice.choice((0.3, 0.6)), (204, 164, 116), 63)
    if dice.random() < 0.4:
        strokes += placed(_slab(dice), (0, 0), 0.88, turn)
    else:
        for index in range(2):
            at = beside((0, 0), turn + math.pi * index, 0.4)
            angle = turn + 1.57 + dice.uniform(-0.35, 0.35)
            strokes += placed(_slab(dice), at, 0.62, angle, 12 * index)
    if dice.random() < 0.6:
        strokes += rosemary(dice, (dice.uniform(-0.3, 0.3), dice.uniform(-0.3, 0.3)), 0.5, 120)
    return strokes


def _slab(dice: random.Random) -> list[Stroke]:
    meat, long = vary(dice, (180, 112, 72), 0.08), dice.uniform(0.66, 0.8)
    outline = lump(dice, 1, long, 0.09, 30)
    strokes = body(outline, (232, 204, 160), 62, 26, FLAT)
    inner = outline * 0.93 + (0, 0.035)
    strokes += body(inner, meat, 84, 14, ((1.0, 0.82, 0.0), (0.9, 0.98, 0.7), (0.7, 1.06, 1.0)))
    slant = dice.uniform(-0.2, 0.2)
    for x in np.arange(-0.72, 0.73, dice.uniform(0.2, 0.27)):
        half = long * math.sqrt(1 - x**2) * 0.78
        line = np.array(((x - half * slant, -half), (x, 0), (x + half * slant, half)))
        char = blend(meat, (58, 32, 22), dice.uniform(0.7, 1))
        strokes += strand(line, dice.uniform(0.075, 0.1), char, 92, -6)
    return strokes + flecks(dice, 30, 0.6, (96, 54, 34), -10, 0.02)


def fish_cutlet(dice: random.Random) -> list[Stroke]:
    """A breaded fillet, broad at the head and narrow at the tail, with lemon and parsley."""
    gold = vary(dice, dice.choice(((222, 160, 70), (206, 138, 54), (232, 178, 92))), 0.05)
    strokes = []
    for y, size in dice.choice((((0.0, 0.98),), ((-0.3, 0.84), (0.3, 0.84)))):
        strokes += placed(_fillet(dice, gold), (y / 5, y), size, dice.uniform(-0.12, 0.12))
    for y in dice.choice(((0.66,), (0.66, -0.62), (0.0, 0.66))):
        cut = dice.choice((lemon_slice, lemon_slice, lemon_wedge))(dice)
        spot = (dice.uniform(-0.2, 0.2), y)
        strokes += placed(cut, spot, dice.uniform(0.2, 0.26), 6.3 * dice.random(), 106)
    strokes += parsley(dice, (0.45, -0.5), 0.16, 100)
    return placed(strokes, (0, 0), 1, 6.3 * dice.random())


def _fillet(dice: random.Random, gold: Color) -> list[Stroke]:
    t = np.linspace(0, 1, 15)
    half, bow = 0.34 * np.sin(math.pi * t**0.7) ** 0.8 + 0.17 * t**7, 0.1 * np.sin(math.pi * t)
    upper, lower = (
        np.column_stack((t * 2 - 1, bow - half)),
        np.column_stack((t * 2 - 1, bow + half)),
    )
    outline = np.concatenate((upper, lower[::-1]))
    outline *= 1 + np.array([[dice.uniform(-0.02, 0.02)] for _ in outline])
    strokes = body(outline, gold, 62, 46, SMOOTH)
    for _ in range(150):
        along, across = dice.uniform(0.06, 0.94), dice.uniform(-1, 1)
        y = np.interp(along, t, bow) + across * 0.86 * np.interp(along, t, half)
        crumb = disc(0.028, 0.018, 5) + (along * 2 - 1, y)
        strokes.append(Stroke(crumb, vary(dice, gold, 0.24), 66 + 48 * math.sqrt(1 - across**2)))
    return strokes


def rabbit(dice: random.Random) -> list[Stroke]:
    """Braised joints with the bone showing, in brown gravy with olives and rosemary."""
    strokes = sauce(dice, 0.84, vary(dice, (150, 90, 40), 0.1), 64)
    count, turn = dice.choice((2, 3, 3)), 6.3 * dice.random()
    for index in range(count):
        angle = turn + index * 6.28 / count
        at = beside((0, 0), angle, 0.42)
        strokes += placed(_leg(dice), at, 1, angle + 1.2 + dice.uniform(-0.4, 0.4))
    fruit = olive(0.085, dice.choice(((58, 44, 50), (92, 104, 44))))
    strokes += stamp(dice, fruit, scatter(dice, dice.randint(6, 11), 0.76))
    strokes += flecks(dice, 30, 0.8, PARSLEY, 30, 0.02)
    return strokes + rosemary(dice, (dice.uniform(-0.2, 0.2), dice.uniform(-0.2, 0.2)), 0.5, 128)


def _leg(dice: random.Random) -> list[Stroke]:
    brown = vary(dice, (176, 106, 50), 0.1)
    shaft = np.column_stack((np.linspace(0.1, 0.62, 6), 0.03 * np.sin(np.linspace(0, 2, 6))))
    strokes = strand(shaft, 0.085, (240, 226, 196), 78, 20)
    for y in (-0.04, 0.05):
        strokes += body(disc(0.065, 0.055, 10) + (0.63, y), (244, 232, 206), 80, 20, SMALL)
    t = np.linspace(0, 2 * math.pi, 26, endpoint=False)
    thick = 0.3 * (1 - 0.55 * np.cos(t)) * (1 + 0.05 * np.sin(3 * t + dice.random() * 6))
    thigh = np.column_stack((0.46 * np.cos(t) - 0.08, thick * np.sin(t)))
    strokes += body(thigh, brown, 66, 64, SMOOTH)
    strokes += strand(arc((-0.1, 0.5), 0.5, -2.1, 1.1, 10), 0.03, tint(brown, 0.66), 118, -8)
    return strokes + flecks(dice, 16, 0.28, tint(brown, 0.55), 14, 0.022)


def seafood_salad(dice: random.Random) -> list[Stroke]:
    """White squid rings, pink shrimps, purple octopus, parsley."""
    strokes = sauce(dice, 0.76, (214, 206, 176), 64)
    pieces = [_ring(dice)] * dice.randint(11, 15) + [_shrimp(dice)] * dice.randint(6, 9)
    pieces += [_tentacle(dice)] * dice.randint(5, 8)
    dice.shuffle(pieces)
    for piece, at in zip(pieces, scatter(dice, len(pieces), 0.7), strict=True):
        strokes += stamp(dice, piece, [at], (-10, 2), (0.2, 0.06))
    strokes += flecks(dice, 60, 0.8, PARSLEY, 32, 0.026)
    strokes += stamp(dice, olive(0.075, (58, 44, 50)), scatter(dice, dice.choice((0, 5)), 0.7))
    if dice.random() < 0.5:
        strokes += placed(lemon_wedge(dice), (dice.uniform(-0.6, 0.6), 0.58), 0.28, 0, 104)
    return strokes


def _ring(dice: random.Random) -> list[Stroke]:
    path = arc((0, 0), 0.16, 0, 2 * math.pi, 17) * (1, dice.uniform(0.75, 1))
    return strand(path, dice.uniform(0.07, 0.09), vary(dice, (246, 236, 222), 0.03), 0, 26)


def _shrimp(dice: random.Random) -> list[Stroke]:
    pink, strokes = vary(dice, (244, 150, 112), 0.05), []
    curl = arc((0, 0), 0.17, 0.3, 4.3, 9)
    for index, spot in enumerate(curl):
        size = 0.105 - 0.007 * index
        segment = moved(disc(size, size * 0.62, 12), (spot[0], spot[1]), 0.3 + 4.3 * index / 8)
        color = pink if index % 2 else blend(pink, (255, 232, 214), 0.45)
        strokes += body(segment, color, index, 26, SMALL)
    tail = disc(0.06, 0.05, 8) + curl[-1] * 1.25
    return strokes + body(tail, (222, 84, 52), 6, 8, SMALL)


def _tentacle(dice: random.Random) -> list[Stroke]:
    path = arc((0, 0.06), 0.18, -2.6, dice.uniform(1.8, 3.4), 9)
    strokes = strand(path, 0.105, vary(dice, (150, 66, 98), 0.1), 0, 24)
    strokes += strand(path * 0.86, 0.05, (232, 196, 204), 18, 4)[:1]
    for spot in path[1:-1] * 0.86:
        strokes += body(disc(0.026, 0.026, 8) + spot, (248, 226, 228), 20, 6, SMALL)
    return strokes
