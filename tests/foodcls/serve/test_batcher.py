import asyncio
import threading
from collections.abc import Sequence

import pytest

from foodcls.serve.batcher import Batcher


def test_what_arrives_during_a_batch_is_the_next_one() -> None:
    batches: list[list[int]] = []
    go_on = threading.Event()

    def answer(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        assert go_on.wait(10)
        return [-item for item in items]

    async def ask() -> list[int]:
        batcher = Batcher(answer, most=3)
        first = asyncio.create_task(batcher.ask(1))
        while not batches:
            await asyncio.sleep(0.001)
        later = [asyncio.create_task(batcher.ask(item)) for item in range(2, 7)]
        await asyncio.sleep(0)
        # a caller who gives up costs nothing
        later.pop(1).cancel()
        go_on.set()
        answers = await asyncio.gather(first, *later)
        batcher.close()
        return answers

    assert asyncio.run(ask()) == [-1, -2, -4, -5, -6]
    assert batches == [[1], [2, 4, 5], [6]]


def test_an_error_reaches_each_caller_of_its_batch_and_the_next_batch_goes_on() -> None:
    def answer(items: Sequence[int]) -> list[int]:
        return [10 // item for item in items]

    async def ask() -> int:
        batcher = Batcher(answer, most=2)
        both = [asyncio.create_task(batcher.ask(item)) for item in (5, 0)]
        for one in both:
            with pytest.raises(ZeroDivisionError):
                await one
        found = await batcher.ask(2)
        batcher.close()
        return found

    assert asyncio.run(ask()) == 5


def test_too_few_answers_are_an_error_for_all_and_the_next_batch_goes_on() -> None:
    def answer(items: Sequence[int]) -> list[int]:
        return [item for item in items if item]

    async def ask() -> int:
        batcher = Batcher(answer, most=2)
        both = [asyncio.create_task(batcher.ask(item)) for item in (5, 0)]
        async with asyncio.timeout(5):
            for one in both:
                with pytest.raises(ValueError, match="shorter"):
                    await one
            found = await batcher.ask(2)
        batcher.close()
        return found

    assert asyncio.run(ask()) == 2


def test_so_many_batches_as_workers_are_under_way_and_none_is_forgotten() -> None:
    both = threading.Barrier(2)

    def answer(items: Sequence[int]) -> list[int]:
        # alone, none would get any further
        both.wait(10)
        return [-item for item in items]

    async def ask() -> list[int]:
        batcher = Batcher(answer, most=2, workers=2)
        for _ in range(3):
            asked = [asyncio.create_task(batcher.ask(item)) for item in range(8)]
            await asyncio.sleep(0)
            assert batcher.under_way == 2
            found = await asyncio.gather(*asked)
        assert batcher.under_way == 0
        batcher.close()
        return found

    assert asyncio.run(ask()) == [-item for item in range(8)]
