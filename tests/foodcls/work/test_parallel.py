import threading
import time

import pytest

from foodcls.work.parallel import in_threads, prefetch


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


def test_the_next_item_is_made_while_one_is_in_use_and_no_further_one() -> None:
    made: list[int] = []
    coming = prefetch(range(4), made.append, 1, 1)
    next(coming)
    deadline = time.monotonic() + 5
    while made != [0, 1] and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert made == [0, 1]
    assert list(coming) == [None] * 3 and made == [0, 1, 2, 3]


def test_what_goes_wrong_ahead_is_raised_in_its_place() -> None:
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("rotten")
        return number

    coming = prefetch(range(9), work, 3, 5)
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(ValueError, match="rotten"):
        next(coming)


def test_whoever_stops_early_leaves_no_thread_and_no_work() -> None:
    begun: list[int] = []
    before = threading.active_count()
    coming = prefetch(range(1000), begun.append, 2, 900)
    next(coming)
    assert threading.active_count() > before
    coming.close()
    done = len(begun)
    assert threading.active_count() == before
    time.sleep(0.01)
    assert len(begun) == done
