"""Runs asynchronous work in a thread of its own, for callers that are not."""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Generator
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
    thread = _Loop(work, items)
    thread.start()
    try:
        while (item := items.get()) is not None:
            yield item[0]
    finally:
        thread.cancel()
        thread.join()
    if thread.error is not None:
        raise thread.error


class _Loop(threading.Thread):
    """Runs the work in an event loop; puts each result into `items`, and None at the end."""

    def __init__(
        self,
        work: Callable[[Callable[[Item], None]], Coroutine[Any, Any, None]],
        items: "queue.SimpleQueue[tuple[Item] | None]",
    ) -> None:
        super().__init__(name="foodcls-collect", daemon=True)
        self._work = work
        self._items = items
        self._started = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run the event loop to its end."""
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        # whatever it is, it is raised again in the thread that iterates
        except BaseException as error:
            self.error = error
        finally:
            self._started.set()
            self._items.put(None)

    def cancel(self) -> None:
        """Stop the work, if it still goes on."""
        self._started.wait()
        if self._task is not None and not self._task.done():
            try:
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)
            except RuntimeError:
                # the loop closed between the question and the call: nothing is left to stop
                return

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        self._started.set()
        await self._work(lambda item: self._items.put((item,)))
