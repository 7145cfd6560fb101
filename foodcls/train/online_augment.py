"""Changes squashed pictures anew in each epoch, by what `augment` draws for its copies."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foodcls.image.affine import apply_affine, draw_affine
from foodcls.network.seeds import derive_seed
from foodcls.recipe.data_settings import AffineRanges
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
