"""Changes training pictures: random affine augmentation in each epoch, another background once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foodcls.image.affine import apply_affine, draw_affine
from foodcls.image.foreground import CUTOUT_VERSION, change_background
from foodcls.network.seeds import derive_seed
from foodcls.recipe.data_settings import AffineRanges
from foodcls.recipe.train_settings import Extras
from foodcls.train.pixels import Pixels
from foodcls.train.row_cache import Array


@dataclass(frozen=True)
class Mover:
    """The change of a picture depends on seed, epoch and its place alone."""

    ranges: AffineRanges
    seed: int

    def move(self, pixels: Array, places: Iterable[int], epoch: int) -> Array:
        """uint8 (N, S, S, 3), the pictures at these places, changed."""
        draws = [
            np.random.default_rng(derive_seed("move", self.seed, epoch, int(place)))
            for place in places
        ]
        with ThreadPoolExecutor() as pool:
            return np.stack(list(pool.map(self._move_one, pixels, draws)))

    def _move_one(self, pixels: Array, draw: np.random.Generator) -> Array:
        return np.asarray(apply_affine(Image.fromarray(pixels), draw_affine(draw, self.ranges)))


WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Background:
    """What becomes of a picture depends on its digest and the seed alone."""

    kind: str  # white or random
    share: float  # of the pictures
    seed: int

    @property
    def version(self) -> str:
        """All that a changed picture depends on besides the picture."""
        return f"background {CUTOUT_VERSION} {self.kind} {self.share} {self.seed}"

    def change(self, picture: Pixels, digest: str) -> Pixels:
        """The picture on another background, or as it is."""
        draw = np.random.default_rng(derive_seed("background", self.seed, digest))
        if draw.random() >= self.share:
            return picture
        red, green, blue = draw.integers(0, 256, 3).tolist()
        colour = WHITE if self.kind == "white" else (red, green, blue)
        return np.asarray(change_background(Image.fromarray(picture), colour))


def choose_background(extras: Extras, seed: int) -> Background | None:
    """The change that the extras ask for, if they do."""
    if extras.background == "keep":
        return None
    return Background(extras.background, extras.background_share, seed)
