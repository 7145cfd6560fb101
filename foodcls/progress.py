"""How long work tells its progress without knowing who looks: a wrapper round what is iterated."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Track(Protocol):
    """Gives the items on, one by one, and may show how far it has come."""

    def __call__(self, items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
        """Iterate `items`; `total` is how many there will be, `label` says what is done."""
        ...


def silent(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Show nothing."""
    return iter(items)
