"""Changes training pictures: randomly in each epoch, or once, onto another background."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foodcls.image.affine import apply_affine, draw_affine
from foodcls.image.foreground import change_background
from foodcls.network.resize import Pixels
from foodcls.network.seeds import derive_seed
from foodcls.recipe.data_settings import AffineRanges
from foodcls.recipe.train_settings import Extras
from foodcls.train.row_cache import Array
from foodcls.work.code_digest import code_digest

WHITE = (255, 255, 255)


@dataclass(frozen=True)
class RandomAffine:
    """Online data augmentation: random flips, rotation, translation, scale and shear.

    The change of a picture depends on seed, epoch and its index alone.
    """

    ranges: AffineRanges
    seed: int

    def __call__(self, pixels: Array, indices: Iterable[int], epoch: int) -> Array:
        """The changed pictures; `pixels` uint8 (N, S, S, 3) are those at `indices`, (N,)."""
        draws = [
            np.random.default_rng(derive_seed("move", self.seed, epoch, int(index)))
            for index in indices
        ]
        with ThreadPoolExecutor() as pool:
            return np.stack(list(pool.map(self._change, pixels, draws)))

    def _change(self, pixels: Array, draw: np.random.Generator) -> Array:
        return np.asarray(apply_affine(Image.fromarray(pixels), draw_affine(draw, self.ranges)))


@dataclass(frozen=True)
class Background:
    """Puts some pictures on white or on random colors; digest and seed alone decide which."""

    kind: str  # white or random
    share: float  # of the pictures
    seed: int

    @property
    def version(self) -> str:
        """All that a changed picture depends on besides the picture."""
        return f"background {code_digest((__name__,))} {self.kind} {self.share} {self.seed}"

    def change(self, picture: Pixels, digest: str) -> Pixels:
        """uint8 (H, W, 3): the picture on another background, or as it is."""
        draw = np.random.default_rng(derive_seed("background", self.seed, digest))
        if draw.random() >= self.share:
            return picture
        red, green, blue = draw.integers(0, 256, 3).tolist()
        color = WHITE if self.kind == "white" else (red, green, blue)
        return np.asarray(change_background(Image.fromarray(picture), color))


def choose_background(extras: Extras, seed: int) -> Background | None:
    """The backgrounds that the recipe's extras ask for; none if pictures keep their own."""
    if extras.background == "keep":
        return None
    return Background(extras.background, extras.background_share, seed)
