"""Distances are counted as they are drawn."""

import io

from PIL import Image

from foodcls.curate.distances import Distances, distances_png

COUNTED = Distances((5, 0, 2, 0, 1), (0, 0, 1, 0, 40), distance=2, reach=4)


def test_vetoes_count_within_the_recipes_distance():
    assert COUNTED.vetoed_within == 1


def test_rows_leave_out_distances_that_no_pair_has():
    assert [tuple(row.values()) for row in COUNTED.rows()] == [(0, 5, 0), (2, 2, 1), (4, 1, 40)]


def test_the_drawing_is_a_png_that_depends_on_the_counts_alone():
    drawn = distances_png(COUNTED)
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.format == "PNG" and image.width == 800
    assert drawn == distances_png(COUNTED)
    assert drawn != distances_png(Distances((5,), (0,), 2, 4))


def test_no_pairs_are_drawn_too():
    assert distances_png(Distances((0, 0), (0, 0), 0, 1)).startswith(b"\x89PNG")
