"""Tests of foodcls.sample.table_top."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from foodcls.sample.table_top import plate


@pytest.mark.parametrize("boards", [False, True])
def test_a_plate_has_room_for_the_food(boards: bool, touched: Callable) -> None:
    for seed in range(12):
        seen = touched(plate(random.Random(seed), boards=boards))
        # 40 pixels a unit: a disc of radius 0.9 round the middle
        y, x = np.mgrid[:100, :120]
        assert seen[np.hypot(x - 60, y - 50) < 36].all()


def test_plates_come_in_kinds_and_boards_only_on_request() -> None:
    plates, boards = (
        {len(plate(random.Random(seed), boards=boards)) for seed in range(30)}
        for boards in (False, True)
    )
    assert len({plate(random.Random(seed))[-1].color for seed in range(12)}) > 4
    # a board has its grain drawn line by line
    assert max(boards) > max(plates)
