"""Tests of foodcls.sample.web."""

import numpy as np
import pytest
from PIL import Image

from foodcls.sample.web import EDITS, Edit


@pytest.fixture
def marked() -> Image.Image:
    """A gray picture with a white box at 40,30,100,80."""
    image = Image.new("RGB", (200, 120), (60, 60, 60))
    image.paste((255, 255, 255), (40, 30, 100, 80))
    return image


@pytest.mark.parametrize("name", EDITS)
def test_the_box_moves_with_its_pixels(name: str, marked: Image.Image) -> None:
    edited = EDITS[name].of_image(marked)
    box, width, height = EDITS[name].of_box((40, 30, 100, 80), 200, 120)
    rows, columns = np.nonzero(np.asarray(edited)[..., 0] > 160)
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert (width, height) == edited.size
    assert box == pytest.approx(found, abs=1)


def test_no_edit_changes_nothing(marked: Image.Image) -> None:
    assert np.array_equal(Edit().of_image(marked), marked)
    assert Edit().of_box((40, 30, 100, 80), 200, 120) == ((40, 30, 100, 80), 200, 120)


def test_a_box_cut_by_the_margin_stays_inside() -> None:
    box, width, height = Edit(margin=0.25).of_box((0, 0, 200, 120), 200, 120)
    assert (box, width, height) == ((0, 0, 100, 60), 100, 60)
