"""Tests of foodcls.sample.side_dishes."""

import random

from foodcls.sample import side_dishes
from foodcls.sample.brush import Stroke


def _greenish(strokes: list[Stroke]) -> int:
    return sum(green > 1.2 * red and green > 1.2 * blue for _, (red, green, blue), _ in strokes)


def test_potatoes_have_more_basil_than_bread() -> None:
    for seed in range(4):
        assert _greenish(side_dishes.basil_potatoes(random.Random(seed))) > 100
        assert _greenish(side_dishes.bread(random.Random(seed))) == 0


def test_rice_holds_hundreds_of_grains() -> None:
    assert len(side_dishes.pilaw_rice(random.Random(1))) > 800


def test_beans_come_in_kinds() -> None:
    kinds = {
        round(sum(side_dishes.beans(random.Random(seed))[20].color) / 90) for seed in range(20)
    }
    assert len(kinds) > 2


def test_bread_comes_in_rolls_slices_and_loaves() -> None:
    assert len({len(side_dishes.bread(random.Random(seed))) for seed in range(20)}) >= 4


def test_salad_is_mostly_leaves() -> None:
    strokes = side_dishes.salad(random.Random(2))
    assert _greenish(strokes) > len(strokes) / 4
