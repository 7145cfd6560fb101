from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from foodcls.learn import arrays
from foodcls.learn.arrays import Array, Keeping, keep_arrays

DIGESTS = [f"picture {number}" for number in range(300)]


class Maker:
    """Two arrays a range; remembers what was asked for, and dies at `deadly`."""

    def __init__(self, deadly: int = -1) -> None:
        self.asked: list[range] = []
        self.deadly = deadly

    def __call__(self, places: range) -> Sequence[Array]:
        if self.deadly in places:
            raise KeyboardInterrupt
        self.asked.append(places)
        return [np.array(places), np.array(places, dtype=np.float32)[:, None] * [1, 2]]


def keeping(folder: Path, maker: Maker, version: str = "1") -> Keeping:
    return Keeping(folder, ("plain", "double"), version, maker)


def test_rows_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    plain, double = keep_arrays(keeping(tmp_path, Maker()), DIGESTS)
    assert len(plain) == 300
    assert plain.take([299, 0, 128, 127]).tolist() == [299, 0, 128, 127]
    assert double.take(np.array([130])).tolist() == [[130, 260]]


def test_a_second_time_nothing_is_made(tmp_path: Path) -> None:
    keep_arrays(keeping(tmp_path, Maker()), DIGESTS)
    maker = Maker()
    plain, _ = keep_arrays(keeping(tmp_path, maker), DIGESTS)
    assert maker.asked == []
    assert plain.take([5]).tolist() == [5]


def test_a_killed_computation_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        keep_arrays(keeping(tmp_path, Maker(deadly=200)), DIGESTS)
    maker = Maker()
    keep_arrays(keeping(tmp_path, maker), DIGESTS)
    assert maker.asked == [range(128, 256), range(256, 300)]


@pytest.mark.parametrize("size", [0, 60, 500])
def test_a_torn_file_is_made_anew(tmp_path: Path, size: int) -> None:
    keep_arrays(keeping(tmp_path, Maker()), DIGESTS)
    torn = sorted(tmp_path.glob("double-*"))[0]
    torn.write_bytes(torn.read_bytes()[:size])
    maker = Maker()
    plain, double = keep_arrays(keeping(tmp_path, maker), DIGESTS)
    assert len(maker.asked) == 1
    assert double.take(range(300))[:, 1].tolist() == [2.0 * place for place in range(300)]


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    keep_arrays(keeping(tmp_path, Maker()), DIGESTS)
    flipped = sorted(tmp_path.glob("plain-*"))[0]
    data = flipped.read_bytes()
    flipped.write_bytes(data[:500] + bytes([data[500] ^ 1]) + data[501:])
    maker = Maker()
    plain, _ = keep_arrays(keeping(tmp_path, maker), DIGESTS)
    assert len(maker.asked) == 1 and plain.take(range(300)).tolist() == list(range(300))


def test_another_version_or_picture_is_made_anew(tmp_path: Path) -> None:
    keep_arrays(keeping(tmp_path, Maker()), DIGESTS)
    maker = Maker()
    keep_arrays(keeping(tmp_path, maker, version="2"), DIGESTS)
    assert len(maker.asked) == 3
    maker = Maker()
    keep_arrays(keeping(tmp_path, maker), [*DIGESTS[:-1], "another"])
    assert maker.asked == [range(256, 300)]


def test_no_rows_give_empty_arrays(tmp_path: Path) -> None:
    plain, _ = keep_arrays(keeping(tmp_path, Maker()), [])
    assert len(plain) == 0
    assert arrays.ROWS == 128
