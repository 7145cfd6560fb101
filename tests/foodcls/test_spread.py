import threading

import pytest

from foodcls.spread import in_threads


def test_several_are_under_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    meet = threading.Barrier(3, timeout=10)

    def wait(number: int) -> int:
        meet.wait()
        return number * number

    assert list(in_threads(wait, range(9))) == [number * number for number in range(9)]


def test_an_error_comes_out_and_the_rest_is_not_begun() -> None:
    begun = []

    def stumble(number: int) -> None:
        begun.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        list(in_threads(stumble, range(1000)))
    assert len(begun) < 1000
