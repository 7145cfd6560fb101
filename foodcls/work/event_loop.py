"""Runs asynchronous work in a thread of its own, for callers that are not."""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, TypeVar

Item = TypeVar("Item")


def iterate(
    work: Callable[[Callable[[Item], None]], Coroutine[Any, Any, None]],
) -> Generator[Item, None, None]:
    """Prefetch what `work` delivers, in a thread of its own; its exceptions are raised here.

    The event loop runs in that thread, so that callers may be synchronous or within a loop of
    their own. Closing the iterator cancels the work, and waits until it has cleaned up.
    """
    items: queue.SimpleQueue[tuple[Item] | None] = queue.SimpleQueue()
    tasks: list[asyncio.Task[None] | None] = []
    failed: list[BaseException] = []
    has_begun = threading.Event()

    async def deliver() -> None:
        tasks.append(asyncio.current_task())
        has_begun.set()
        await work(lambda item: items.put((item,)))

    def run() -> None:
        try:
            asyncio.run(deliver())
        except asyncio.CancelledError:
            pass
        # whatever it is, it is raised again in the thread that iterates
        except BaseException as error:
            failed.append(error)
        finally:
            has_begun.set()
            items.put(None)

    thread = threading.Thread(target=run, name="foodcls-collect", daemon=True)
    thread.start()
    try:
        while (item := items.get()) is not None:
            yield item[0]
    finally:
        has_begun.wait()
        for task in filter(None, tasks):
            # where the loop has closed, nothing is left to stop
            with suppress(RuntimeError):
                task.get_loop().call_soon_threadsafe(task.cancel)
        thread.join()
    if failed:
        raise failed[0]
