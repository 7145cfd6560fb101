"""Tells how far work has come, and how much of it was known from before, to whoever asks."""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

Item = TypeVar("Item")


@dataclass
class Forecast:
    """About how long work goes on: by whoever does it, where counting what is done misleads."""

    _end: float = math.inf  # monotonic

    def tell(self, seconds: float) -> None:
        """Say that so many seconds are left from now on; inf: nobody knows."""
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float | None:
        """The seconds that are left; None while nobody knows."""
        return None if self._end == math.inf else max(self._end - time.monotonic(), 0.0)


class Track(Protocol):
    """Gives the items on, one by one, and may show how far it has come."""

    def __call__(
        self, items: Iterable[Item], total: int, label: str, forecast: Forecast | None = None
    ) -> Iterator[Item]:
        """Iterate `items`; `total` is how many there will be, `label` says what is done.

        `forecast` is told when the last one comes, by who makes them.
        """
        ...


def silent(
    items: Iterable[Item], total: int, label: str, forecast: Forecast | None = None
) -> Iterator[Item]:
    """Show nothing."""
    return iter(items)


@dataclass(frozen=True)
class Work:
    """How many items of one kind were computed, and how many were recalled."""

    kind: str
    anew: int
    recalled: int


_PRESENT: ContextVar[dict[str, Work] | None] = ContextVar("tally", default=None)


@contextmanager
def counting() -> Iterator[dict[str, Work]]:
    """Give a tally, by kind, of what is counted within the block."""
    tally: dict[str, Work] = {}
    token = _PRESENT.set(tally)
    try:
        yield tally
    finally:
        _PRESENT.reset(token)


def count(kind: str, *, anew: int, recalled: int) -> None:
    """Add to the tally; where nobody has asked for one, do nothing."""
    tally = _PRESENT.get()
    if tally is not None:
        before = tally.get(kind, Work(kind, 0, 0))
        tally[kind] = Work(kind, before.anew + anew, before.recalled + recalled)
