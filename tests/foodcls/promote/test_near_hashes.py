"""The hashes near any of others are those that comparing each with each gives."""

import numpy as np
import pytest

from foodcls.promote import challenge
from foodcls.promote.challenge import REACH, find_near


def compare_all(own: np.ndarray, others: np.ndarray, reach: int) -> list[bool]:
    return [any((int(one) ^ int(other)).bit_count() <= reach for other in others) for one in own]


@pytest.mark.parametrize("chunk", [challenge.CHUNK, 7], ids=str)
@pytest.mark.parametrize("reach", [0, 3, 6, REACH])
def test_the_search_equals_brute_force(
    reach: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenge, "CHUNK", chunk)
    dice = np.random.default_rng(reach)
    others = dice.integers(0, 2**64, 300, dtype=np.uint64)
    # many share a band, as flat pictures do, and some stand twice
    others[:100] &= np.uint64(0xFFFF << 32)
    others[250:] = others[:50]
    own = dice.choice(others, 200)
    for place in range(len(own)):
        for bit in dice.choice(64, place % 12, replace=False):
            own[place] ^= np.uint64(1) << np.uint64(bit)
    own[150:] = own[:50]
    found = find_near(own, others, reach)
    assert found.tolist() == compare_all(own, others, reach)
    assert found.any() and not found.all()


@pytest.mark.parametrize(("own", "others"), [(0, 0), (3, 0), (0, 3)])
def test_among_none_nothing_is_near(own: int, others: int) -> None:
    found = find_near(np.zeros(own, np.uint64), np.zeros(others, np.uint64), 6)
    assert found.dtype == bool and found.tolist() == [False] * own


def test_no_search_is_made_that_could_pass_over_a_pair() -> None:
    with pytest.raises(ValueError, match="8 bits: hashes are found within 7"):
        find_near(np.zeros(1, np.uint64), np.zeros(1, np.uint64), REACH + 1)
