"""Turns a picture into a randomly flipped, turned, moved and sheared copy in one resampling."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foodcls.recipe.data_settings import AffineRanges


@dataclass(frozen=True)
class Move:
    """An affine change about the picture's centre; angles in degrees, shifts in shares."""

    flip_x: bool
    flip_y: bool
    angle: float
    shift_x: float  # of the width
    shift_y: float
    scale: float
    shear: float


def draw_move(rng: np.random.Generator, settings: AffineRanges) -> Move:
    """Draw a change from the recipe's ranges."""
    flips = rng.random(2)
    return Move(
        flip_x=bool(flips[0] < settings.horizontal_flip),
        flip_y=bool(flips[1] < settings.vertical_flip),
        angle=rng.uniform(-settings.rotation, settings.rotation),
        shift_x=rng.uniform(-settings.translation, settings.translation),
        shift_y=rng.uniform(-settings.translation, settings.translation),
        scale=rng.uniform(*settings.scale),
        shear=rng.uniform(-settings.shear, settings.shear),
    )


def apply_move(image: Image.Image, move: Move) -> Image.Image:
    """The changed picture on a canvas of the same size, white where nothing comes to lie."""
    back = np.linalg.inv(_matrix(move, *image.size))
    return image.transform(
        image.size,
        Image.Transform.AFFINE,
        tuple(back[:2].ravel()),
        resample=Image.Resampling.BILINEAR,
        fillcolor="white",
    )


def shrink_to(image: Image.Image, max_side: int) -> Image.Image:
    """The picture, reduced so that its longest side has at most `max_side` pixels."""
    small = image.copy()
    small.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return small


def _matrix(move: Move, width: int, height: int) -> np.ndarray:
    """Where a point of the picture goes, as a 3x3 matrix on (x, y, 1)."""
    angle, shear = math.radians(move.angle), math.radians(move.shear)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    slant = np.array([[1, math.tan(shear)], [0, 1]])
    flip = np.diag([-1.0 if move.flip_x else 1.0, -1.0 if move.flip_y else 1.0])
    centre = np.array([width / 2, height / 2])
    whole = np.eye(3)
    whole[:2, :2] = move.scale * turn @ slant @ flip
    shift = np.array([move.shift_x * width, move.shift_y * height])
    whole[:2, 2] = centre + shift - whole[:2, :2] @ centre
    return whole
