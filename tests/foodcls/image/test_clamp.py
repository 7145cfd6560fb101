import pytest

from foodcls.image.clamp import clamp_box


@pytest.mark.parametrize(
    "edges, wanted",
    [
        ((1, 2, 30, 40), (1, 2, 30, 40)),
        ((1.5, 2.9, 29.1, 39.5), (1, 2, 30, 40)),
        ((0, 0, 96, 64), (0, 0, 96, 64)),
        ((-5, -1e9, 30, 40), (0, 0, 30, 40)),
        ((10, 10, 1e9, 1e300), (10, 10, 96, 64)),
        ((95.2, 0, 200, 10), (95, 0, 96, 10)),
        ((96, 0, 200, 10), None),
        ((-9, 0, 0, 10), None),
        ((-9, 0, -1, 10), None),
        ((0, 64, 10, 65), None),
    ],
    ids=str,
)
def test_boxes_are_clamped_to_the_pixels_they_touch(edges, wanted):
    assert clamp_box(edges, (96, 64)) == wanted
