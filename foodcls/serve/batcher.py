"""Answers what arrives while batches are under way together, as the next batch."""

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
    the load. So many batches as `workers` are under way at a time, each in a thread. For one event
    loop.
    """

    def __init__(
        self, answer: Callable[[Sequence[Item]], Sequence[Answer]], most: int, workers: int = 1
    ) -> None:
        self._answer = answer
        self._most = most
        self._workers = workers
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(workers, "batcher")
        self.under_way = 0  # batches

    async def ask(self, item: Item) -> Answer:
        """The answer to one item; whatever the function raised, for all items of its batch."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self.under_way < self._workers:
            self.under_way += 1
            task = asyncio.create_task(self._answer_all())
            # the loop itself forgets tasks
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    def close(self) -> None:
        """End the threads; what is under way is finished first."""
        self._threads.shutdown()

    async def _answer_all(self) -> None:
        while batch := self._next():
            await self._answer_batch(batch)
        self.under_way -= 1

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
            answers = await loop.run_in_executor(self._threads, self._answer, items)
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
