"""The hashes of many pictures at once are imagehash's, bit by bit."""

import imagehash
import numpy as np
from PIL import Image, ImageOps

from foodcls.image.phash import hash_greys


def test_batch_hashes_are_imagehashs_own():
    dice = np.random.default_rng(0)
    greys = dice.integers(0, 256, (200, 32, 32), dtype=np.uint8)
    # smooth ones too: a web photo's coefficients are far from evenly spread
    greys[100:] = np.cumsum(greys[100:] % 8, axis=1, dtype=np.uint8)
    hashes, mirrors = hash_greys(greys)
    for number, grey in enumerate(greys):
        image = Image.fromarray(grey)
        assert f"{hashes[number]:016x}" == str(imagehash.phash(image)), number
        assert f"{mirrors[number]:016x}" == str(imagehash.phash(ImageOps.mirror(image))), number
