"""One of the same pictures is kept, and correlation is not passed on."""

import numpy as np
import pytest

from foodcls.dedup.groups import choose_keepers
from foodcls.dedup.pairs import Pairs


def same(*ends: tuple[int, int], mirrored: bool = False) -> Pairs:
    left, right = np.array(ends).T
    count = len(ends)
    return Pairs(left, right, np.full(count, 3), np.full(count, mirrored), np.ones(count))


@pytest.mark.parametrize(
    ("pairs", "keeper"),
    [
        (same((0, 1), (0, 2)), [0, 0, 0]),
        # 2 resembles 1 alone, and 1 goes: 2 stays
        (same((0, 1), (1, 2)), [0, 0, 2]),
        (same((1, 2)), [0, 1, 1]),
    ],
)
def test_a_picture_goes_only_for_a_keeper_that_it_resembles(
    pairs: Pairs, keeper: list[int]
) -> None:
    assert choose_keepers(3, pairs, np.zeros(3, bool))[0].tolist() == keeper


def test_what_is_fixed_stays() -> None:
    keeper, how = choose_keepers(2, same((0, 1)), np.array([False, True]))
    assert keeper.tolist() == [0, 1] and how.tolist() == ["", ""]


def test_it_is_said_how_they_resemble_each_other() -> None:
    fixed = np.zeros(2, bool)
    assert choose_keepers(2, same((0, 1)), fixed)[1].tolist() == ["", "near duplicate, distance 3"]
    assert choose_keepers(2, same((0, 1), mirrored=True), fixed)[1][1] == "mirrored, distance 3"
