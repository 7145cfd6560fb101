"""Processes that do one piece of work together, by torch.distributed: each calls the same function.

Each takes its own part, and what all have to know alike is exchanged. One that is lost ends the
others: what they wait for breaks off.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

Item = TypeVar("Item")


@dataclass(frozen=True)
class ProcessGroup:
    """This process among those that work together; they ask all questions in the same order."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this one writes files and tells how far the work is."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Which of so many items are this process's: some that lie beside each other.

        Where they cannot be shared evenly the first process has one more.
        """
        start, stop = (-(-count * rank // self.size) for rank in (self.rank, self.rank + 1))
        return slice(start, stop)

    def gather(self, own: Iterable[Item]) -> list[Item]:
        """The items of all processes, in the order of processes."""
        if self.size == 1:
            return list(own)
        found: list[list[Item]] = [[] for _ in range(self.size)]
        dist.all_gather_object(found, list(own))
        return list(chain.from_iterable(found))

    def agree(self, make: Callable[[], Item], rank: int = 0) -> Item:
        """What the process of that rank makes; the others wait for it."""
        if self.size == 1:
            return make()
        held = [make() if self.rank == rank else None]
        dist.broadcast_object_list(held, rank)
        found: Item = held[0]  # type: ignore[assignment]
        return found

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Give the first process's values to the tensors of all, in place."""
        for tensor in tensors if self.size > 1 else ():
            dist.broadcast(tensor, 0)

    def add(self, *numbers: float) -> list[float]:
        """The sum of each number over all processes; all get the same bits."""
        if self.size == 1:
            return list(numbers)
        sums = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(sums)
        return sums.tolist()


ALONE = ProcessGroup()
