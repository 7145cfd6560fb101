import asyncio
import threading
from collections.abc import Callable

import pytest

from foodcls.work.event_loop import iterate


async def count(deliver: Callable[[int], None]) -> None:
    for number in range(3):
        await asyncio.sleep(0)
        deliver(number)


def test_results_come_in_the_order_of_delivery() -> None:
    assert list(iterate(count)) == [0, 1, 2]


def test_it_works_within_an_event_loop() -> None:
    async def outer() -> list[int]:
        return list(iterate(count))

    assert asyncio.run(outer()) == [0, 1, 2]


def test_an_exception_comes_after_what_was_delivered() -> None:
    async def work(deliver: Callable[[int], None]) -> None:
        deliver(1)
        raise LookupError("gone")

    results = iterate(work)
    assert next(results) == 1
    with pytest.raises(LookupError, match="gone"):
        next(results)


def test_who_stops_early_leaves_no_thread_behind() -> None:
    cleaned = []

    async def work(deliver: Callable[[int], None]) -> None:
        try:
            deliver(1)
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    before = threading.active_count()
    results = iterate(work)
    assert next(results) == 1
    results.close()
    assert cleaned == [True]
    assert threading.active_count() == before
