"""Answers what arrives while a batch is under way together, as the next batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Calls a function with up to `most` items at once, for callers that have one each.

    Nothing is waited for: an item that comes alone is answered at once, and a batch is as large as
    the load. One batch is under way at a time, in a thread. For one event loop.
    """

    def __init__(self, answer: Callable[[Sequence[Item]], Sequence[Answer]], most: int) -> None:
        self._answer = answer
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._work: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "batcher")

    async def ask(self, item: Item) -> Answer:
        """The answer to one item; whatever the function raised, for all items of its batch."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._work is None:
            self._work = asyncio.create_task(self._answer_all())
        return await future

    def close(self) -> None:
        """End the thread; what is under way is finished first."""
        self._thread.shutdown()

    async def _answer_all(self) -> None:
        while batch := self._next():
            await self._answer_batch(batch)
        self._work = None

    def _next(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        batch: list[tuple[Item, asyncio.Future[Answer]]] = []
        while self._waiting and len(batch) < self._most:
            item, future = self._waiting.popleft()
            # of a caller who has given up nothing is computed
            if not future.done():
                batch.append((item, future))
        return batch

    async def _answer_batch(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        items, futures = zip(*batch, strict=True)
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, self._answer, items)
            answered = list(zip(futures, answers, strict=True))
        # whatever it is, its callers get it: else they would wait for ever
        except Exception as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in answered:
            if not future.done():
                future.set_result(answer)
