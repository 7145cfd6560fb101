"""A parallel map: calls a function on many items, in threads or on the workers it is given."""

import os
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from foodcls.errors import StageError
from foodcls.work.code_digest import code_digest

Item = TypeVar("Item")
Result = TypeVar("Result")


class Spread(Protocol):
    """Calls a function on each item, several at a time, and gives the results as they come.

    The function may be called in another process: it and what it is given must bear pickling. It
    may be called again on an item whose first call was lost with its machine.
    """

    def __call__(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result]:
        """Iterate the results, in any order."""
        ...


def always() -> bool:
    """Whether the result of a call is waited for, where nothing tells."""
    return True


@dataclass(frozen=True)
class Fleet:
    """Workers on other machines: what spreads calls over them, and how many they do at once.

    `listen` is called by a worker, and gives what tells whether its call is still waited for.
    """

    spread: Spread
    size: Callable[[], int]
    listen: Callable[[], Callable[[], bool]] = lambda: always


def in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """In the order of items, as many at a time as there are processors.

    Pillow and numpy free the interpreter's lock.
    """
    return prefetch(items, function, os.cpu_count() or 1, len(items))


def prefetch(
    items: Iterable[Item], function: Callable[[Item], Result], workers: int, waiting: int
) -> Iterator[Result]:
    """Results in the order of the items, made in threads while those before them are in use.

    At most `waiting` are made, or being made, before they are asked for. An error comes out in
    its item's place; after it, or when the iterator is closed, nothing more begins.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        futures: deque[Future[Result]] = deque()
        for item in items:
            futures.append(pool.submit(function, item))
            if len(futures) > waiting:
                yield futures.popleft().result()
        while futures:
            yield futures.popleft().result()
    finally:
        # what is being done ends
        pool.shutdown(cancel_futures=True)


def on_worker(
    modules: tuple[str, ...], code: str, function: Callable[[Item], Result], item: Item
) -> Result:
    """Call the function on another machine, if the modules' `code_digest` is `code` there too."""
    if code_digest(modules) != code:
        raise StageError(
            f"worker on {platform.node()} has another foodcls, or other versions of packages, than "
            "the machine that asks; install the same on both, e.g. pip install -r requirements.lock"
        )
    return function(item)
