"""Draws distractors, which a search finds by mistake: a menu, a cat, a landscape, a placeholder."""

import math
import random

import numpy as np
from PIL import Image, ImageDraw

from foodcls.sample.brush import SMOOTH, Stroke, body, placed, strand, vary
from foodcls.sample.dishes import LABELS
from foodcls.sample.render import Camera, Light, paint, shade
from foodcls.sample.shapes import arc, disc, lump, moved

FLAT_VIEW = Camera(400, 300, 100, 0.0, 1.0, (0.0, 0.0))


def menu(dice: random.Random) -> Image.Image:
    """The page of a canteen's menu."""
    page = Image.new("RGB", (320, 440), vary(dice, (244, 240, 226), 0.04))
    write = ImageDraw.Draw(page)
    ink = dice.choice(("black", "navy", "maroon"))
    write.text((110, 24), "M E N U", ink, font_size=28)
    write.line((40, 70, 280, 70), ink, 2)
    for line, label in enumerate(dice.sample(LABELS, 8)):
        y = 92 + 40 * line
        write.text((32, y), label.replace("_", " ")[:24], ink, font_size=16)
        write.text((262, y), f"{dice.uniform(2, 9):.2f}", ink, font_size=16)
    return page


def cat(dice: random.Random) -> Image.Image:
    """The face of a cat."""
    fur = vary(
        dice, dice.choice(((206, 140, 70), (90, 90, 96), (60, 54, 52), (220, 208, 190))), 0.1
    )
    strokes = [Stroke(disc(9, 9, 4), vary(dice, (120, 150, 140), 0.3), 10)]
    strokes += body(disc(1.0, 0.9, 30) + (0, 1.2), fur, 30, 40, SMOOTH)
    for side in (-1, 1):
        ear = np.array(((0.3 * side, -0.6), (0.85 * side, -1.15), (0.8 * side, -0.2)))
        strokes += body(ear, fur, 50, 20)
    strokes += body(lump(dice, 0.9, 0.76, 0.02, 30), fur, 60, 80, SMOOTH)
    for side in (-1, 1):
        eye = disc(0.17, 0.15, 16) + (0.36 * side, -0.12)
        strokes += body(eye, (150, 190, 70), 130, 10)
        strokes.append(Stroke(disc(0.05, 0.13, 12) + (0.36 * side, -0.12), (16, 16, 16), 140))
        for tilt in (-0.15, 0.0, 0.15):
            hair = moved(arc((0.55 * side, 0.9), 0.7, -1.57 - 0.35, 0.7, 6), (0, 0), tilt)
            strokes += strand(hair, 0.015, (240, 240, 240), 140, 2)
    strokes += body(disc(0.1, 0.07, 10) + (0, 0.18), (220, 130, 130), 140, 10)
    tilted = placed(strokes[1:], (0.2 * dice.uniform(-1, 1), 0), 1, dice.uniform(-0.2, 0.2))
    return shade(paint([strokes[0], *tilted], FLAT_VIEW), Light(6.3 * dice.random()), 1)


def landscape(dice: random.Random) -> Image.Image:
    """Hills under a sun."""
    sky = vary(dice, dice.choice(((150, 190, 226), (236, 170, 120), (190, 206, 214))), 0.08)
    strokes = [Stroke(disc(9, 9, 4), sky, 10)]
    sun = disc(0.3, 0.3, 24) + (dice.uniform(-1.6, 1.6), dice.uniform(-1.2, -0.6))
    strokes.append(Stroke(sun, (255, 240, 190), 10))
    for row in range(4):
        x = np.linspace(-2.2, 2.2, 30)
        top = 0.4 * row - 0.5 + 0.25 * np.sin(x * dice.uniform(0.8, 2.2) + 6 * dice.random())
        hill = np.concatenate((np.column_stack((x, top)), ((2.2, 3), (-2.2, 3))))
        strokes.append(
            Stroke(hill, vary(dice, (70 + 12 * row, 130, 70 - 8 * row), 0.15), 20 + 8 * row)
        )
    return shade(paint(strokes, FLAT_VIEW), Light(math.pi * 1.3, noise=4), 2)


def placeholder() -> Image.Image:
    """The picture that a site shows where a photo was deleted; always the same."""
    image = Image.new("RGB", (320, 240), (226, 228, 230))
    write = ImageDraw.Draw(image)
    write.rounded_rectangle((120, 60, 200, 120), 10, outline=(160, 164, 168), width=5)
    write.ellipse((144, 74, 176, 106), outline=(160, 164, 168), width=5)
    write.line((110, 130, 210, 50), (160, 164, 168), 5)
    write.text((76, 160), "image not available", (130, 134, 138), font_size=18)
    return image
