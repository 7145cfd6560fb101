"""Counts what a stage does anew and what it recalls, for whoever has asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """How many items of one kind were done, and how many were known from before."""

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
