"""Boxes of photos that EXIF turns lie where the tool showed them; what stays open is asked."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from foodcls.crop.boxes import Box
from foodcls.crop.turns import Placed, settle_turns, stored_turn, turn_edges
from foodcls.errors import TableError

STORED, UPRIGHT = (240, 180), (180, 240)
# a box that fits both ways, one that fits the upright picture only, one the stored pixels only
BOTH, TALL, WIDE = (20, 30, 80, 90), (20, 30, 80, 230), (20, 30, 230, 90)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_edges_turn_as_the_pixels_do(orientation):
    pixels = Image.new("L", STORED)
    pixels.paste(255, (10, 20, 40, 25))
    exif = pixels.getexif()
    exif[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(pixels))
    left, top, right, bottom = turn_edges((10, 20, 40, 25), orientation, STORED)
    assert (upright[top:bottom, left:right] == 255).all()
    assert (right - left) * (bottom - top) == (upright == 255).sum()


@pytest.fixture
def settle(store, noise, encode):
    """The turns of boxes that were placed on photos stored lying on their side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    digest = store.put(encode(noise(1, *STORED), "JPEG", exif=exif))

    def run(*edges, size=STORED, setting="auto", unit="pixels", **more):
        boxes = [Box(2, "a.jpg", "beans", item, size, **more) for item in edges]
        turn = 1 if size != STORED or more.get("is_upright") else 6
        placed = [Placed(box, (0,), digest, UPRIGHT, turn) for box in boxes]
        settled = settle_turns(Path("boxes.json"), placed, unit, setting, store)
        assert [item.box for item in settled] == boxes
        return [item.turn for item in settled]

    return run


def test_the_boxes_that_fit_one_way_decide_for_their_file(settle):
    assert settle(BOTH, WIDE) == [6, 6]
    assert settle(BOTH, TALL) == [1, 1]


@pytest.mark.parametrize("edges", [[BOTH], [TALL, WIDE], [BOTH, BOTH]], ids=str)
def test_what_the_boxes_do_not_tell_is_asked(settle, edges):
    with pytest.raises(TableError, match="boxes.json.*'a.jpg'.*set crop.orientation to upright"):
        settle(*edges)
    assert settle(*edges, setting="upright") == [1] * len(edges)
    assert settle(*edges, setting="stored") == [6] * len(edges)


def test_shares_of_a_stored_size_are_asked(settle):
    with pytest.raises(TableError, match="set crop.orientation"):
        settle((0.1, 0.2, 0.3, 0.9), unit="share")


def test_a_tool_that_shows_pictures_upright_is_believed(settle):
    assert settle(BOTH, TALL, is_upright=True) == [1, 1]


def test_boxes_of_an_unknown_size_lie_upright_unless_that_is_too_small(settle):
    assert settle(BOTH, TALL, size=(0, 0)) == [1, 1]
    assert settle(BOTH, WIDE, size=(0, 0)) == [6, 6]
    with pytest.raises(TableError, match="set crop.orientation"):
        settle(TALL, WIDE, size=(0, 0))


def test_boxes_that_give_the_upright_size_stay(settle):
    assert settle(BOTH, TALL, size=UPRIGHT) == [1, 1]


def test_that_nothing_tells_how_a_photo_was_shown_is_said(settle, caplog):
    assert settle(BOTH, size=(0, 0)) == [1]
    assert "turns 1 of the 1 pictures" in caplog.text and "set crop.orientation" in caplog.text
    caplog.clear()
    for more in ({"setting": "upright"}, {"is_upright": True}):
        assert settle(BOTH, size=(0, 0), **more) == [1]
    assert settle(BOTH, size=UPRIGHT) == [1] and not caplog.text


# an orientation that is a text, and one that is a fraction
HEAD = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"
ODD = [b"\x02\0\x04\0\0\0abc\0\0\0\0\0", b"\x05\0\x01\0\0\0\x08\0\0\0\0\0\0\0"]


@pytest.mark.parametrize("entry", ODD, ids=["text", "fraction"])
def test_a_photo_whose_exif_is_odd_lies_as_it_is_stored(store, noise, encode, entry):
    assert stored_turn(store, store.put(encode(noise(1), "JPEG", exif=HEAD + entry))) == 1
