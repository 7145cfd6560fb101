"""Tests of foodcls.sample.contact_sheet."""

import numpy as np

from foodcls.sample.contact_sheet import TILE, contact_sheet
from foodcls.sample.dishes import LABELS
from foodcls.sample.web import SampleWeb


def test_the_sheet_has_a_row_a_class_and_no_empty_place() -> None:
    sheet = contact_sheet(SampleWeb(), per_class=2)
    assert sheet.size == (3 * TILE, len(LABELS) * TILE)
    tiles = np.asarray(sheet).reshape(len(LABELS), TILE, 3, TILE, 3)
    assert (tiles.std(axis=(1, 3)).mean(axis=2) > 5).all()
