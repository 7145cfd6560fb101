"""All near hashes are found, none twice, whatever the order and the size of tiles."""

import numpy as np
import pytest

from foodcls.dedup import hamming
from foodcls.dedup.hamming import search_hamming


def search(hashes, mirrors, reach):
    found = []
    for strip in search_hamming(hashes, mirrors, reach, lambda pairs: pairs):
        found += zip(*(values.tolist() for values in vars(strip).values()), strict=True)
    return found


def brute_force(hashes, mirrors, reach):
    wanted = []
    for one in range(len(hashes)):
        for other in range(one + 1, len(hashes)):
            low, high = sorted((one, other), key=lambda end: (hashes[end], mirrors[end]))
            straight = (int(hashes[one]) ^ int(hashes[other])).bit_count()
            turned = (int(hashes[low]) ^ int(mirrors[high])).bit_count()
            if min(straight, turned) <= reach:
                wanted.append((one, other, straight, turned))
    return wanted


@pytest.fixture(scope="module")
def crowd():
    """Three hundred hashes: random ones, copies with a few bits flipped, mirrored ones, equals."""
    dice = np.random.default_rng(0)
    hashes = dice.integers(0, 2**64, 300, dtype=np.uint64)
    mirrors = dice.integers(0, 2**64, 300, dtype=np.uint64)
    for place in range(100, 200):
        flipped = sum(1 << int(bit) for bit in dice.choice(64, place % 12, replace=False))
        hashes[place] = hashes[place - 100] ^ np.uint64(flipped)
    mirrors[200:250] = hashes[:50]
    hashes[200:250] = mirrors[:50]
    hashes[250:], mirrors[250:] = hashes[50:100], mirrors[50:100]
    return hashes, mirrors


@pytest.mark.parametrize("tile", [(128, 4096), (7, 11), (1, 1000)], ids=str)
def test_the_search_equals_brute_force(crowd, tile, monkeypatch):
    monkeypatch.setattr(hamming, "ROWS", tile[0])
    monkeypatch.setattr(hamming, "COLUMNS", tile[1])
    found = search(*crowd, 18)
    assert sorted(found) == brute_force(*crowd, 18) and len(found) > 200


def test_the_order_of_hashes_does_not_matter(crowd):
    hashes, mirrors = crowd
    mixed = np.random.default_rng(1).permutation(len(hashes))
    found = {
        (*sorted((int(mixed[one]), int(mixed[other]))), *bits)
        for one, other, *bits in search(hashes[mixed], mirrors[mixed], 18)
    }
    assert found == set(search(hashes, mirrors, 18))


def test_no_hashes_have_no_pairs():
    assert search(np.empty(0, np.uint64), np.empty(0, np.uint64), 18) == []
