"""Random affine augmentation: flips, rotates, shifts, scales and shears in one resampling."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foodcls.recipe.data_settings import AffineRanges


@dataclass(frozen=True)
class AffineParams:
    """An affine transformation about the picture's center; angles in degrees, shifts in shares."""

    flip_x: bool
    flip_y: bool
    angle: float
    shift_x: float  # of the width
    shift_y: float
    scale: float
    shear: float


def draw_affine(rng: np.random.Generator, settings: AffineRanges) -> AffineParams:
    """Draw a transformation from the recipe's ranges."""
    flips = rng.random(2)
    return AffineParams(
        flip_x=bool(flips[0] < settings.horizontal_flip),
        flip_y=bool(flips[1] < settings.vertical_flip),
        angle=rng.uniform(-settings.rotation, settings.rotation),
        shift_x=rng.uniform(-settings.translation, settings.translation),
        shift_y=rng.uniform(-settings.translation, settings.translation),
        scale=rng.uniform(*settings.scale),
        shear=rng.uniform(-settings.shear, settings.shear),
    )


def apply_affine(image: Image.Image, params: AffineParams) -> Image.Image:
    """The transformed picture on a canvas of the same size, white where it does not cover it."""
    back = np.linalg.inv(_matrix(params, *image.size))
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


def _matrix(params: AffineParams, width: int, height: int) -> np.ndarray:
    """Where a point (x, y, 1) of the picture goes: float64 of shape (3, 3)."""
    angle, shear = math.radians(params.angle), math.radians(params.shear)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    slant = np.array([[1, math.tan(shear)], [0, 1]])
    flip = np.diag([-1.0 if params.flip_x else 1.0, -1.0 if params.flip_y else 1.0])
    center = np.array([width / 2, height / 2])
    whole = np.eye(3)
    whole[:2, :2] = params.scale * turn @ slant @ flip
    shift = np.array([params.shift_x * width, params.shift_y * height])
    whole[:2, 2] = center + shift - whole[:2, :2] @ center
    return whole
