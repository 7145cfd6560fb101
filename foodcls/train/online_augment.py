"""Changes training pictures randomly, in each epoch anew (online data augmentation)."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foodcls.features.row_cache import Array
from foodcls.image.affine import apply_affine, draw_affine
from foodcls.network.seeds import derive_seed
from foodcls.recipe.data_settings import AffineRanges


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
