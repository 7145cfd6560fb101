"""Draws plates, bowls and boards."""

import random

import numpy as np

from foodcls.sample.brush import FLAT, Color, Stroke, body, strand, tint, vary
from foodcls.sample.shapes import Points, block, disc


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
