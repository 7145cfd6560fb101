"""Tests of foodcls.sample.table_top."""

import random
from collections.abc import Callable

import pytest

from foodcls.sample import table_top

THINGS = (
    table_top.fork,
    table_top.knife,
    table_top.spoon,
    table_top.glass,
    table_top.napkin,
    table_top.fruit,
)


def test_a_table_fills_the_picture(touched: Callable) -> None:
    for seed in range(12):
        assert touched(table_top.table(random.Random(seed))).all()


def test_tables_and_trays_come_in_kinds() -> None:
    for maker in (table_top.table, table_top.tray):
        assert len({str(maker(random.Random(seed))[-1].color) for seed in range(12)}) > 4


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.__name__)
def test_things_stand_above_the_table(thing: Callable) -> None:
    strokes = thing(random.Random(1))
    assert strokes
    assert all(20 < stroke.height < 200 for stroke in strokes)


def test_cutlery_is_one_or_two_tools() -> None:
    counts = {len(table_top.cutlery(random.Random(seed))) for seed in range(20)}
    assert len(counts) >= 3
