"""Draws what a dish lies on and what stands round it: plate, table, tray, cutlery, glass, fruit."""

import math
import random

import numpy as np

from foodcls.sample.brush import (
    FLAT,
    SMOOTH,
    Color,
    Stroke,
    blend,
    body,
    placed,
    strand,
    tint,
    vary,
)
from foodcls.sample.shapes import Points, arc, block, disc, moved

REACH = 6.0  # the table goes this far from the dish, in plate radii
TRAYS: tuple[Color, ...] = (
    (150, 98, 66), (92, 120, 140), (178, 172, 160), (70, 74, 80), (186, 120, 62), (96, 132, 106),
)  # fmt: skip
CLOTHS: tuple[Color, ...] = (
    (226, 220, 206), (172, 60, 54), (70, 98, 140), (206, 190, 150), (96, 128, 96), (60, 62, 70),
)  # fmt: skip
STEEL = (186, 190, 196)


def plate(dice: random.Random, *, boards: bool = False) -> list[Stroke]:
    """A plate or bowl with room for food of radius 1; a wooden board too if `boards`."""
    white = vary(dice, dice.choice(((240, 240, 236), (236, 228, 210), (226, 232, 236))), 0.03)
    color = dice.choice(((60, 92, 150), (170, 60, 50), (80, 120, 80), (90, 90, 96), white))
    kinds = [_round, _round, _bowl, _square, _oval, _dark] + [_board] * (2 * boards)
    kind = dice.choice(kinds)
    return kind(dice, white, color)


def _dish(outline: Points, glaze: Color, line: Color, rim: float) -> list[Stroke]:
    levels = (
        (1.28, 0.9, 40),
        (1.26, 1.0, rim - 3),
        (1.2, 1.0, rim),
        (1.08, 0.97, 58),
        (1.0, 0.98, 55),
    )
    strokes = [Stroke(outline * share, tint(glaze, glow), high) for share, glow, high in levels]
    strokes.insert(3, Stroke(outline * 1.16, line, rim))
    strokes.insert(4, Stroke(outline * 1.13, glaze, rim - 1))
    return strokes


def _round(dice: random.Random, white: Color, line: Color) -> list[Stroke]:
    return _dish(disc(1, 1, 48), white, line, 66)


def _oval(dice: random.Random, white: Color, line: Color) -> list[Stroke]:
    return _dish(disc(1.16, 0.98, 48), white, line, 68)


def _square(dice: random.Random, white: Color, line: Color) -> list[Stroke]:
    return _dish(block(1.94, 1.94, 0.3), white, line, 68)


def _dark(dice: random.Random, white: Color, line: Color) -> list[Stroke]:
    glaze = dice.choice(((62, 66, 72), (58, 84, 110), (126, 70, 52), (96, 112, 92)))
    return _dish(disc(1, 1, 48), glaze, tint(glaze, 1.3), 66)


def _bowl(dice: random.Random, white: Color, line: Color) -> list[Stroke]:
    steps = ((1.14, 1.0, 104), (1.08, 0.92, 92), (1.04, 0.88, 76), (1.0, 0.86, 60))
    rim = [Stroke(disc(1.17, 1.17, 48), tint(line, 0.9), 60)]
    return rim + [
        Stroke(disc(1, 1, 48) * share, tint(white, glow), high) for share, glow, high in steps
    ]


def _board(dice: random.Random, white: Color, line: Color) -> list[Stroke]:
    wood = vary(dice, (190, 142, 90), 0.08)
    strokes = body(block(2.8, 2.3, 0.1), wood, 34, 20, FLAT)
    for y in np.linspace(-0.95, 0.95, 9):
        grain = np.column_stack((np.linspace(-1.3, 1.3, 6), y + 0.03 * np.sin(np.arange(6))))
        strokes += strand(grain, 0.025, tint(wood, 0.88), 54, -1)[:1]
    return strokes


def table(dice: random.Random) -> list[Stroke]:
    """A table top of one of five kinds."""
    return dice.choice((_wood, _wood, _check, _plain, _stone, _stripes))(dice)


def _sheet(color: Color, height: float = 20) -> Stroke:
    return Stroke(disc(2 * REACH, 2 * REACH, 4), color, height)


def _plain(dice: random.Random) -> list[Stroke]:
    return [_sheet(vary(dice, dice.choice(CLOTHS), 0.12))]


def _wood(dice: random.Random) -> list[Stroke]:
    color = vary(dice, dice.choice(((168, 120, 76), (120, 80, 50), (206, 170, 124))), 0.08)
    plank, strokes = dice.uniform(0.7, 1.6), [_sheet(tint(color, 0.55), 14)]
    for y in np.arange(-REACH, REACH, plank):
        board = vary(dice, color, 0.1)
        strokes.append(Stroke(block(2 * REACH, plank * 0.97, 0) + (0, y), board, 20))
        for _ in range(7):
            x = np.linspace(-REACH, REACH, 12)
            wave = dice.uniform(0.02, 0.07) * np.sin(x * dice.uniform(0.3, 1) + dice.random() * 6)
            grain = np.column_stack((x, y + dice.uniform(-0.4, 0.4) * plank + wave))
            strokes += strand(grain, dice.uniform(0.01, 0.04), tint(board, 0.86), 20, -1)[:1]
    return strokes


def _check(dice: random.Random) -> list[Stroke]:
    dark, size = vary(dice, dice.choice(CLOTHS[1:])), dice.uniform(0.3, 0.7)
    light = blend(dark, (246, 242, 232), 0.85)
    strokes = [_sheet(light)]
    lines = np.arange(-REACH, REACH, size * 2)
    strokes += [
        Stroke(block(2 * REACH, size, 0) + (0, y), blend(light, dark, 0.5), 20) for y in lines
    ]
    strokes += [
        Stroke(block(size, 2 * REACH, 0) + (x, 0), blend(light, dark, 0.5), 20) for x in lines
    ]
    crossings = [(x, y) for x in lines for y in lines if abs(x) < 4.5 and abs(y) < 4.5]
    return strokes + [Stroke(block(size, size, 0) + at, dark, 20) for at in crossings]


def _stripes(dice: random.Random) -> list[Stroke]:
    ground, line = dice.sample(CLOTHS, 2)
    step = dice.uniform(0.4, 1.2)
    bands = [
        block(step * dice.uniform(0.1, 0.5), 2 * REACH, 0) + (x, 0)
        for x in np.arange(-REACH, REACH, step)
    ]
    return [_sheet(ground), *(Stroke(band, line, 20) for band in bands)]


def _stone(dice: random.Random) -> list[Stroke]:
    color = vary(dice, dice.choice(((196, 192, 186), (90, 92, 96), (216, 206, 190))), 0.06)
    strokes = [_sheet(color)]
    for _ in range(150):
        at = (dice.uniform(-4, 4), dice.uniform(-4, 4))
        speck = moved(disc(dice.uniform(0.01, 0.07), 0.02, 5), at, 6.3 * dice.random())
        strokes.append(Stroke(speck, tint(color, dice.choice((0.75, 0.88, 1.12))), 20))
    return strokes


def tray(dice: random.Random) -> list[Stroke]:
    """A canteen tray with a raised rim."""
    color = vary(dice, dice.choice(TRAYS), 0.08)
    width, depth = dice.uniform(4.6, 5.4), dice.uniform(3.3, 3.8)
    outer, inner = block(width, depth, 0.12), block(width - 0.22, depth - 0.22, 0.12)
    strokes = [*body(outer, color, 26, 10, FLAT), Stroke(inner, tint(color, 1.04), 28)]
    return placed(strokes, (dice.uniform(-0.8, 0.8), dice.uniform(-0.6, 0.6)))


def fork(dice: random.Random) -> list[Stroke]:
    """A fork, handle down."""
    strokes = strand(np.array(((0, -0.1), (0, 0.5), (0, 1.1))), 0.1, STEEL, 36, 12)
    strokes += body(block(0.26, 0.3, 0.4) + (0, -0.22), STEEL, 36, 12, FLAT)
    for x in (-0.1, -0.033, 0.033, 0.1):
        strokes += strand(np.array(((x, -0.3), (x, -0.5), (x, -0.72))), 0.045, STEEL, 36, 12)
    return strokes


def knife(dice: random.Random) -> list[Stroke]:
    """A knife, handle down."""
    blade = body(block(0.15, 0.9, 0.45) + (0, -0.4), STEEL, 36, 6, FLAT)
    return blade + strand(np.array(((0, 0.05), (0, 0.6), (0, 1.1))), 0.12, STEEL, 36, 14)


def spoon(dice: random.Random) -> list[Stroke]:
    """A spoon, handle down."""
    strokes = strand(np.array(((0, -0.1), (0, 0.5), (0, 1.1))), 0.09, STEEL, 36, 12)
    bowl = disc(0.19, 0.28, 20)
    strokes += [
        Stroke(bowl * share + (0, -0.4), tint(STEEL, glow), high)
        for share, glow, high in ((1, 1, 50), (0.84, 0.86, 42), (0.6, 0.94, 38), (0.3, 1.06, 36))
    ]
    return strokes


def glass(dice: random.Random) -> list[Stroke]:
    """A glass of water, juice or wine, from above."""
    drink = dice.choice(((196, 214, 222), (238, 158, 50), (120, 26, 40), (206, 220, 190)))
    rim = strand(arc((0, 0), 0.44, 0, 6.29, 30), 0.06, (226, 234, 238), 150, 10)
    inside = [
        Stroke(disc(0.42, 0.42, 30), tint(drink, 0.84), 90),
        Stroke(disc(0.36, 0.36, 30), drink, 90),
    ]
    shine = Stroke(
        moved(disc(0.16, 0.06, 10), (-0.12, -0.16), -0.8), blend(drink, (255, 255, 255), 0.6), 90
    )
    return [Stroke(disc(0.46, 0.46, 30), tint(drink, 0.7), 60), *inside, shine, *rim]


def napkin(dice: random.Random) -> list[Stroke]:
    """A folded napkin."""
    color = vary(
        dice, dice.choice(((244, 242, 236), (190, 60, 60), (240, 200, 90), (110, 150, 180)))
    )
    strokes = body(block(1.0, 1.5, 0.03), color, 26, 6, FLAT)
    strokes.append(Stroke(block(0.5, 1.5, 0.02) - (0.22, 0), tint(color, 1.05), 37))
    return strokes


def fruit(dice: random.Random) -> list[Stroke]:
    """An apple or an orange."""
    color = dice.choice(((232, 136, 36), (190, 40, 40), (150, 180, 60)))
    strokes = body(disc(0.46, 0.46, 26), vary(dice, color), 40, 90, SMOOTH)
    return strokes + strand(
        np.array(((0.0, 0.02), (0.04, -0.04), (0.05, -0.12))), 0.04, (90, 66, 40), 130, 8
    )


def cutlery(dice: random.Random) -> list[Stroke]:
    """One of fork, knife and spoon, or two side by side, a little askew."""
    tools = dice.sample((fork, knife, spoon), dice.choice((1, 1, 2)))
    strokes = []
    for index, tool in enumerate(tools):
        at = (0.3 * index, dice.uniform(-0.1, 0.1))
        strokes += placed(tool(dice), at, dice.uniform(1.0, 1.15), dice.uniform(-0.1, 0.1))
    return placed(strokes, (0, 0), 1, dice.choice((0, math.pi, 0.2, -0.2)))
