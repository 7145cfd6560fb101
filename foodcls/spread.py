"""How work is spread without knowing over what: threads of this machine, or many machines."""

import os
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from foodcls.errors import StageError
from foodcls.source import source_digest

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


def in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """In the order of items, as many at a time as there are processors.

    Pillow and numpy free the interpreter's lock.
    """
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield from pool.map(function, items)
    finally:
        # after an error or Ctrl-C what is being done ends, and nothing more begins
        pool.shutdown(cancel_futures=True)


def ahead(
    items: Iterable[Item], function: Callable[[Item], Result], hands: int, most: int
) -> Iterator[Result]:
    """Results in the order of the items, from so many threads; at most `most` wait to be taken."""
    with ThreadPoolExecutor(hands) as pool:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def on_worker(
    modules: tuple[str, ...], code: str, function: Callable[[Item], Result], item: Item
) -> Result:
    """Call the function on another machine, if the modules' `source_digest` is `code` there too."""
    if source_digest(modules) != code:
        raise StageError(
            f"worker on {platform.node()} has another foodcls, or other versions of packages, than "
            "the machine that asks; install the same on both, e.g. pip install -r requirements.lock"
        )
    return function(item)
