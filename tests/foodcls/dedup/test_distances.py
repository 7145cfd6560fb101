"""Pairs are counted by distance."""

from foodcls.dedup.distances import Distances

COUNTED = Distances((5, 0, 2, 0, 1), (0, 0, 1, 0, 40), distance=2, reach=4)


def test_vetoes_count_within_the_recipes_distance():
    assert COUNTED.vetoed_within == 1


def test_rows_leave_out_distances_that_no_pair_has():
    assert [tuple(row.values()) for row in COUNTED.rows()] == [(0, 5, 0), (2, 2, 1), (4, 1, 40)]
