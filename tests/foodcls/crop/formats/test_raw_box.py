"""Every way to write a box comes to the same four edges."""

import pytest

from foodcls.crop.formats.raw_box import (
    as_text,
    bounds,
    center_and_size,
    circle,
    corner_and_size,
    corners,
    flatten_points,
    turned_at_center,
    turned_at_corner,
)


@pytest.mark.parametrize(
    "shape, values",
    [
        (corners, (10, 20, 40, 60)),
        (corner_and_size, (10, 20, 30, 40)),
        (center_and_size, (25, 40, 30, 40)),
        (bounds, (40, 20, 10, 60)),
        (bounds, (25, 20, 40, 30, 10, 60)),
        (turned_at_corner, (10, 20, 30, 40, 0)),
        (turned_at_corner, (40, 20, 40, 30, 90)),
        (turned_at_corner, (40, 60, 30, 40, 180)),
        (turned_at_center, (25, 40, 30, 40, 0)),
        (turned_at_center, (25, 40, 40, 30, 90)),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_each_shape_has_its_edges(shape, values):
    assert shape(values) == (10, 20, 40, 60)


def test_a_circle_has_the_box_around_it():
    assert circle((10, 20, 5)) == (5, 15, 15, 25)


def test_a_turned_square_is_as_wide_as_its_diagonal():
    assert turned_at_center((0, 0, 2, 2, 45)) == pytest.approx(
        (-(2**0.5), -(2**0.5), 2**0.5, 2**0.5)
    )


def test_sums_of_decimals_touch_no_pixel_more():
    assert corner_and_size((12.7, 0.1, 33.3, 0.2))[2:] == (46, 0.3)


@pytest.mark.parametrize("shape", [corners, corner_and_size, center_and_size, bounds, circle])
@pytest.mark.parametrize("values", [(), (1.0,), (1.0,) * 7])
def test_too_few_or_too_many_numbers_are_refused(shape, values):
    with pytest.raises(ValueError):
        shape(values)


def test_only_what_can_name_something_is_a_text():
    assert [as_text(value) for value in ("a", 7, True, None, 1.5, [], {})] == ["a", "7"] + [""] * 5


def test_points_are_flattened_or_none():
    assert flatten_points([[1, 2], [3, 4]]) == (1, 2, 3, 4)
    assert flatten_points([1, 2]) == flatten_points("ab") == flatten_points(None) == ()
