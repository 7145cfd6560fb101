from itertools import chain

import pytest
import torch

from foodcls.work.process_group import ALONE, ProcessGroup


@pytest.mark.parametrize("size", range(1, 6))
def test_parts_are_all_items_in_order_and_differ_by_one_at_most(size: int) -> None:
    for count in range(12):
        items = list(range(count))
        parts = [items[ProcessGroup(rank, size).part(count)] for rank in range(size)]
        assert list(chain.from_iterable(parts)) == items
        lengths = [len(part) for part in parts]
        assert max(lengths) - min(lengths) <= 1 and lengths[0] == max(lengths)


def test_a_process_alone_asks_nobody() -> None:
    values = torch.ones(2)
    ALONE.share([values])
    assert ALONE.gather(iter("ab")) == ["a", "b"]
    assert ALONE.agree(lambda: 3) == 3 and ALONE.add(1, 2.5) == [1, 2.5]
    assert values.tolist() == [1, 1]
