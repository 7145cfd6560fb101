"""Draws rice, beans, potatoes, salad and bread."""

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
    leaf,
    placed,
    stamp,
    strand,
    tint,
    vary,
)
from foodcls.sample.garnish import BASIL, PARSLEY, basil_sprig, beside, flecks, sauce
from foodcls.sample.shapes import arc, block, disc, lump, moved, scatter


def pilaw_rice(dice: random.Random) -> list[Stroke]:
    """Loose grains, round peas, diced red and yellow pepper."""
    white = dice.choice(((240, 232, 208), (242, 226, 168), (240, 206, 110)))
    strokes = sauce(dice, 0.84, tint(white, 0.9), 110)
    grain = body(disc(0.062, 0.021, 7), white, 0, 12, SMALL)
    strokes += stamp(dice, grain, scatter(dice, 400, 0.86), (0, 10), (0.15, 0.06))
    places = scatter(dice, dice.randint(24, 34), 0.8)
    for color, share in (
        ((206, 44, 30), places[::3] + places[1::3]),
        ((240, 178, 36), places[2::3]),
    ):
        cube = body(block(dice.uniform(0.1, 0.16), 0.085, 0.3), color, 10, 16, FLAT)
        strokes += stamp(dice, cube, share, (-4, 4), (0.3, 0.08))
    pea = body(disc(0.055, 0.055, 12), vary(dice, (96, 158, 52), 0.1), 8, 26)
    return strokes + stamp(dice, pea, scatter(dice, dice.randint(24, 38), 0.82), (-3, 3))


def beans(dice: random.Random) -> list[Stroke]:
    """One kind of bean, glossy, close together, in its thin sauce."""
    kinds: tuple[tuple[Color, Color], ...] = (
        ((122, 34, 28), (96, 36, 24)),  # kidney
        ((190, 128, 88), (150, 88, 52)),  # borlotti
        ((236, 218, 176), (206, 168, 108)),  # cannellini
        ((226, 190, 138), (190, 72, 32)),  # white, in tomato
        ((64, 44, 42), (62, 44, 38)),  # black
    )
    color, juice = dice.choice(kinds)
    size = dice.uniform(0.105, 0.135)
    strokes = sauce(dice, 0.88, juice, 84)
    places = scatter(dice, round(1.7 / size**2), 0.82)
    strokes += stamp(dice, _bean(size, color), places, (-8, 8), (0.12, 0.14))
    return strokes + flecks(dice, dice.choice((0, 24)), 0.8, PARSLEY, 34, 0.024)


def _bean(size: float, color: Color) -> list[Stroke]:
    angle = np.linspace(0, 2 * math.pi, 16, endpoint=False)
    kidney = np.column_stack((np.cos(angle), 0.58 * np.sin(angle) + 0.2 * np.cos(angle) ** 2))
    shine = Stroke(disc(0.3, 0.08, 7) * size, blend(color, (255, 250, 240), 0.45), 30)
    return [*body(kidney * size, color, 0, 30), shine]


def basil_potatoes(dice: random.Random) -> list[Stroke]:
    """Cut boiled potatoes, oiled, with torn basil all over."""
    yellow = vary(dice, dice.choice(((238, 208, 110), (232, 206, 134), (224, 186, 84))), 0.05)
    strokes = sauce(dice, 0.7, (190, 170, 84), 80)
    places, size = scatter(dice, dice.randint(22, 30), 0.72), dice.uniform(0.18, 0.22)
    wedges = dice.random() < 0.4
    for part in range(3):
        outline = lump(dice, 1.4, 0.7, 0.05, 12) if wedges else block(2, dice.uniform(1.4, 2), 0.35)
        piece = body(
            outline * size, yellow, 0, 30, ((1.0, 0.78, 0.0), (0.92, 0.92, 0.5), (0.82, 1.0, 0.9))
        )
        piece.append(Stroke(lump(dice, 1.0, 0.6, 0.1) * size, tint(yellow, 1.03), 29))
        strokes += stamp(dice, piece, places[part::3], (-14, 2), (0.15, 0.07))
    strokes += flecks(dice, 110, 0.8, BASIL, 30, 0.024)
    torn = leaf(0.28, 0.17, BASIL)
    strokes += stamp(dice, torn, scatter(dice, dice.randint(8, 14), 0.68), (22, 28), (0.25, 0.14))
    return strokes + basil_sprig(dice, (0.1, 0.0), 0.36, dice.choice((2, 3, 4)), 150)


def salad(dice: random.Random) -> list[Stroke]:
    """Frilled leaves, tomato, cucumber, shreds of carrot."""
    greens = [(120, 170, 60), (150, 190, 80), (86, 140, 46), (178, 206, 110)]
    if dice.random() < 0.5:
        greens[2] = (112, 40, 70)
    strokes, places = sauce(dice, 0.78, (84, 128, 44), 70), scatter(dice, 44, 0.74)
    for part in range(16):
        lettuce = _lettuce(dice, dice.uniform(0.25, 0.34), greens[part % 4])
        strokes += stamp(dice, lettuce, places[part::16], (-10, 10), (0.15, 0.1))
    shred = strand(arc((0, 0.25), 0.3, -2, 0.9, 6), 0.03, (236, 128, 34), 20, 8)
    strokes += stamp(dice, shred, scatter(dice, dice.choice((0, 18, 28)), 0.6))
    round_ones = [_tomato(dice)] * dice.randint(3, 5) + [_cucumber()] * dice.choice((0, 3, 4))
    dice.shuffle(round_ones)
    for extra, at in zip(round_ones, scatter(dice, len(round_ones), 0.62), strict=True):
        strokes += stamp(dice, extra, [at], (14, 18))
    return strokes


def _lettuce(dice: random.Random, size: float, color: Color) -> list[Stroke]:
    angle = np.linspace(0, 2 * math.pi, 26, endpoint=False)
    shift, tilt = dice.random() * 6, dice.random() * 6
    frill = 1 + 0.16 * np.sin(9 * angle + shift) + 0.1 * np.sin(4 * angle + tilt)
    outline = np.column_stack((np.cos(angle), 0.66 * np.sin(angle))) * frill[:, None]
    levels = ((1.0, 1.12, 20.0), (0.86, 0.88, 8.0), (0.66, 1.0, 12.0), (0.4, 1.12, 4.0))
    rib = np.column_stack((np.linspace(-0.8, 0.6, 5), np.zeros(5))) * size
    pale = blend(color, (236, 244, 200), 0.6)
    return body(outline * size, color, 0, 1, levels) + strand(rib, 0.04, pale, 8, 8)


def _tomato(dice: random.Random) -> list[Stroke]:
    size, red = dice.uniform(0.15, 0.2), vary(dice, (208, 48, 30), 0.07)
    strokes = body(disc(size, size, 18), red, 0, 24, FLAT)
    for angle in (0.0, 2.09, 4.18):
        pocket = moved(disc(size * 0.3, size * 0.2, 10), beside((0, 0), angle, size * 0.5), angle)
        strokes += body(pocket, (232, 120, 62), 16, 4, SMALL)
    return strokes


def _cucumber() -> list[Stroke]:
    size = 0.16
    strokes = body(disc(size, size, 18), (52, 104, 40), 0, 12, FLAT)
    strokes.append(Stroke(disc(size * 0.86, size * 0.86, 18), (204, 226, 150), 14))
    for index in range(7):
        spot = beside((0, 0), index * 0.9, size * 0.45)
        seed = moved(disc(size * 0.14, size * 0.06, 6), spot, index * 0.9)
        strokes.append(Stroke(seed, (232, 240, 196), 17))
    return strokes


def bread(dice: random.Random) -> list[Stroke]:
    """Rolls with a cut on top, or slices, or a loaf."""
    kind = dice.choice((_roll, _slice, _loaf))
    count = {_roll: dice.choice((1, 2, 3)), _slice: dice.choice((2, 3)), _loaf: 1}[kind]
    size = {1: 0.8, 2: 0.54, 3: 0.46}[count]
    turn, strokes = 6.3 * dice.random(), []
    crust = vary(dice, dice.choice(((204, 138, 66), (218, 162, 90), (180, 112, 52))), 0.06)
    for index in range(count):
        at = beside((0, 0), turn + index * 6.28 / count, 0.0 if count == 1 else 0.46)
        piece = kind(dice, vary(dice, crust, 0.05))
        strokes += placed(piece, at, size * dice.uniform(0.92, 1.06), 6.3 * dice.random())
    return strokes + flecks(dice, 12, 0.8, crust, -40, 0.014)


def _roll(dice: random.Random, crust: Color) -> list[Stroke]:
    long = dice.uniform(0.72, 0.98)
    strokes = body(lump(dice, 1, long, 0.03, 28), crust, 60, 90, SMOOTH)
    for shift in dice.choice(((0.0,), (-0.24, 0.24), (-0.4, 0.0, 0.4))):
        cut = disc(0.1, 0.5 * long, 14) + (shift, 0)
        strokes += body(cut, blend(crust, (250, 228, 176), 0.7), 138, 6, FLAT)
    return strokes + flecks(dice, 26, 0.6, (250, 240, 220), 40, 0.018)


def _slice(dice: random.Random, crust: Color) -> list[Stroke]:
    angle = np.linspace(0, 2 * math.pi, 30, endpoint=False)
    arch = np.column_stack((np.cos(angle), 0.74 * np.sin(angle) - 0.12 * np.cos(2 * angle)))
    arch *= (1 + 0.12 * np.exp(-((angle - 4.7) ** 2)))[:, None]
    crumb = vary(dice, (246, 228, 186), 0.03)
    strokes = [*body(arch, tint(crust, 0.85), 70, 30, FLAT), Stroke(arch * 0.88, crumb, 102)]
    hole = [Stroke(disc(0.04, 0.024, 8), tint(crumb, 0.86), -22)]
    holes = placed(stamp(dice, hole, scatter(dice, 36, 0.7), vary=(0.6, 0.04)), (0, 0))
    return strokes + [stroke._replace(height=96) for stroke in holes]


def _loaf(dice: random.Random, crust: Color) -> list[Stroke]:
    strokes = body(block(2.1, dice.uniform(0.8, 1), 0.48), crust, 60, 84, SMOOTH)
    for step in range(dice.choice((3, 4))):
        cut = moved(disc(0.3, 0.075, 12), ((step - 1.5) * 0.4, 0), 1.0)
        strokes += body(cut, blend(crust, (250, 228, 176), 0.7), 134, 6, FLAT)
    return strokes
