"""Distances are drawn as they are counted."""

import io

from PIL import Image

from foodcls.dedup.histogram import histogram_png
from foodcls.dedup.pairs import Distances

COUNTED = Distances((5, 0, 2, 0, 1), (0, 0, 1, 0, 40), distance=2, reach=4)


def test_the_drawing_is_a_png_that_depends_on_the_counts_alone():
    drawn = histogram_png(COUNTED)
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.format == "PNG" and image.width == 800
    assert drawn == histogram_png(COUNTED)
    assert drawn != histogram_png(Distances((5,), (0,), 2, 4))


def test_no_pairs_are_drawn_too():
    assert histogram_png(Distances((0, 0), (0, 0), 0, 1)).startswith(b"\x89PNG")
