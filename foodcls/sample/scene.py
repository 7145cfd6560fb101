"""Turns (seed, class, number) into one canteen picture with the true box of its dish."""

import math
import random
from dataclasses import dataclass

from PIL import Image

from foodcls.sample.brush import Stroke, placed
from foodcls.sample.dishes import DISHES, LABELS
from foodcls.sample.render import Camera, Light, PixelBox, bounds, paint, shade
from foodcls.sample.table_top import cutlery, fruit, glass, napkin, plate, table, tray

SIZES = ((480, 360), (448, 336), (400, 400), (360, 360), (336, 448), (384, 320), (320, 384))
CASTS = (
    (1.0, 1.0, 1.0),
    (1.06, 1.0, 0.88),
    (1.1, 0.98, 0.78),
    (0.92, 1.0, 1.08),
    (0.98, 1.03, 0.95),
)
# where clutter may stand without hiding the dish, in plate radii
CORNERS = ((-2.0, -1.5), (2.0, -1.5), (-2.1, 1.5), (2.1, 1.5), (0.0, -2.1), (0.0, 2.1))


@dataclass(frozen=True)
class Scene:
    """What a picture shows: the dish, what stands around it, camera and light."""

    around: list[Stroke]
    dish: list[Stroke]
    camera: Camera
    light: Light
    seed: int


def compose(seed: int, label: str, number: int) -> Scene:
    """Compose the scene of one picture; the same three values give the same scene."""
    dish, camera = _subject(seed, label, number)
    dice = random.Random(f"{seed}/{label}/{number}/around")
    around = table(dice)
    if dice.random() < 0.6:
        around += tray(dice)
    around += _clutter(dice, label, camera) + _plate(dice, label)
    return Scene(around, dish, camera, _light(dice), dice.randrange(1_000_000))


def draw(scene: Scene) -> Image.Image:
    """Draw the scene."""
    painted = paint([*scene.around, *scene.dish], scene.camera)
    return shade(painted, scene.light, scene.seed)


def true_box(seed: int, label: str, number: int) -> tuple[PixelBox, int, int]:
    """The dish's box, width and height of the picture that `draw` would make of that scene."""
    dish, camera = _subject(seed, label, number)
    return bounds(dish, camera), camera.width, camera.height


def _subject(seed: int, label: str, number: int) -> tuple[list[Stroke], Camera]:
    # a generator of its own: the box is known without composing the rest of the scene
    dice = random.Random(f"{seed}/{label}/{number}/dish")
    camera = _camera(dice)
    return placed(
        DISHES[label](dice), (0, 0), dice.uniform(0.84, 1.06), 6.3 * dice.random()
    ), camera


def _clutter(dice: random.Random, label: str, camera: Camera) -> list[Stroke]:
    strokes, things = [], (napkin, glass, fruit)
    if dice.random() < 0.65:
        side = dice.choice((-1.62, 1.62))
        strokes += placed(cutlery(dice), (side, dice.uniform(-0.2, 0.2)))
    for at in dice.sample(CORNERS, dice.choice((0, 1, 1, 2, 3))):
        size, turn, is_dish = dice.uniform(0.8, 1.0), dice.uniform(-0.5, 0.5), dice.random() < 0.4
        if camera.sees(at, 1.1):
            thing = _second_dish(dice, label) if is_dish else dice.choice(things)(dice)
            strokes += placed(thing, at, size, turn)
    return strokes


def _second_dish(dice: random.Random, label: str) -> list[Stroke]:
    other = dice.choice([name for name in LABELS if name != label])
    size = dice.uniform(0.66, 0.8)
    return placed([*_plate(dice, other), *placed(DISHES[other](dice), (0, 0), 0.92)], (0, 0), size)


def _plate(dice: random.Random, label: str) -> list[Stroke]:
    # nobody serves gravy on a board
    boards = label in ("grilled_pork_cutlet", "fish_cutlet", "bread")
    return placed(plate(dice, boards=boards), (0, 0), 1.0, 6.3 * dice.random())


def _camera(dice: random.Random) -> Camera:
    width, height = dice.choice(SIZES)
    # from a close-up that cuts the plate to a whole tray
    reach = dice.choice(
        (dice.uniform(1.05, 1.35), dice.uniform(1.35, 1.8), dice.uniform(1.8, 2.35))
    )
    drift = dice.uniform(0.15, 0.45) * reach
    angle = 6.3 * dice.random()
    return Camera(
        width,
        height,
        scale=min(width, height) / 2 / reach,
        turn=dice.choice((0.0, math.pi / 2, math.pi)) + dice.uniform(-0.5, 0.5),
        squeeze=dice.uniform(0.72, 1.0),
        center=(drift * math.cos(angle), drift * math.sin(angle)),
    )


def _light(dice: random.Random) -> Light:
    exposure = dice.uniform(0.78, 1.14)
    red, green, blue = dice.choice(CASTS)
    return Light(
        angle=6.3 * dice.random(),
        contrast=dice.uniform(0.6, 1.2),
        shadow=dice.uniform(0.3, 0.75),
        gloss=dice.uniform(0.1, 0.5),
        tint=(red * exposure, green * exposure, blue * exposure),
        vignette=dice.uniform(0, 0.35),
        blur=dice.choice((0, 0, 0, 0.6, 0.9, 1.3)),
        noise=dice.uniform(1, 7),
    )
