"""A box finds its picture, and turns with it when the file says it was drawn on stored pixels."""

import pytest
from PIL import Image

from foodcls.crop.boxes import Box
from foodcls.crop.placement import Placed, cover_pixels, place_boxes
from foodcls.crop.turns import turn_edges
from foodcls.inspect.inspect import inspect
from foodcls.recipe.data_settings import Inspect
from foodcls.tables.read_csv import Problem

STORED = (100, 60)


def box(edges, size=(0, 0), name="000.jpg", **more):
    return Box(2, name, "beans", edges, size, **more)


@pytest.fixture
def place(store, noise, encode, put_rows):
    """Place a box on a picture stored with an EXIF orientation."""

    def run(item, orientation=1, size=STORED):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encode(noise(1, *size), "JPEG", exif=exif)
        rows = inspect(put_rows((data, "beans")), store, Inspect(), "phash")
        placed, problems = place_boxes([item], rows, store)
        return (placed + problems)[0]

    return run


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_box_with_the_stored_size_turns_with_its_picture(place, orientation):
    placed = place(box((10, 20, 40, 25), STORED), orientation)
    assert placed.turn == orientation and placed.size == STORED[::-1]
    wanted = turn_edges((10, 20, 40, 25), orientation, STORED)
    assert cover_pixels(placed, "pixels") == wanted
    percent = place(box((10, 100 / 3, 40, 125 / 3), STORED), orientation)
    assert cover_pixels(percent, "percent") == wanted


@pytest.mark.parametrize("size", [(0, 0), STORED[::-1]])
def test_a_box_with_the_upright_size_stays(place, size):
    placed = place(box((10, 20, 40, 25), size), 6)
    assert placed.turn == 1 and cover_pixels(placed, "pixels") == (10, 20, 40, 25)


def test_a_stored_size_on_a_picture_that_lies_upright_is_wrong(place):
    for orientation in (1, 2, 3, 4):
        found = place(box((10, 20, 40, 25), STORED[::-1]), orientation)
        assert isinstance(found, Problem) and "wrong size" in found.reason


def test_a_box_beyond_the_stored_size_is_refused(place):
    placed = place(box((10, 20, 40, 90), STORED), 6)
    found = cover_pixels(placed, "pixels")
    assert isinstance(found, Problem) and "too small for the box" in found.reason


def test_a_row_in_another_unit_than_its_file_is_refused(place):
    for edges, unit in [((0, 0, 175, 60), "share"), ((-900, 0, 50, 50), "percent")]:
        found = cover_pixels(place(box(edges)), unit)
        assert isinstance(found, Problem) and f"is no {unit}" in found.reason


@pytest.mark.parametrize(
    "name, more", [("x.jpg", {"own_name": "000"}), ("000", {}), ("000.jpg", {"own_name": "x"})]
)
def test_the_files_own_name_speaks_where_its_contents_do_not(place, name, more):
    assert isinstance(place(box((1, 2, 3, 4), name=name, **more)), Placed)


def test_a_picture_of_no_such_name_is_a_problem_of_its_file(place):
    found = place(box((1, 2, 3, 4), name="x.jpg", own_name="00", file="x.xml"))
    assert found == Problem(2, "x.jpg", "no such picture", "x.xml")
