"""Bounds what a training may take: the minutes it runs, also before a kill, and the memory."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from foodcls.errors import TrainingError, first_line
from foodcls.work.process_group import ProcessGroup

MINUTE = 60.0


@dataclass(frozen=True)
class Budget:
    """A time budget that ends when the clock shows `deadline`, in seconds."""

    deadline: float
    clock: Callable[[], float]

    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.clock() >= self.deadline

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self.deadline - self.clock()

    def part(self, seconds: float) -> "Budget":
        """A budget of so many seconds from now on."""
        return Budget(self.clock() + seconds, self.clock)

    def less(self, spent: float) -> "Budget":
        """The budget that is left after so many seconds were spent before a restart."""
        return Budget(self.deadline - spent, self.clock)

    def shared(self, group: ProcessGroup) -> "Budget":
        """A copy that goes by the first process's clock: all of a group end at the same step."""
        if group.size == 1 or math.isinf(self.deadline):
            return self
        return Budget(group.agree(lambda: self.deadline), lambda: group.agree(self.clock))


def start_budget(minutes: float | None, clock: Callable[[], float] = time.monotonic) -> Budget:
    """A budget of so many minutes from now on; without end for None."""
    return Budget(float("inf") if minutes is None else clock() + minutes * MINUTE, clock)


@contextmanager
def explain_out_of_memory(batch_size: int) -> Iterator[None]:
    """Turn an out-of-memory error of torch into a TrainingError that says what to do."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
        # on a processor torch has no exception of its own for it
        if type(error) is RuntimeError and "allocate memory" not in str(error):
            raise
        raise TrainingError(
            f"out of memory at batch_size {batch_size}: {first_line(error)}; halve "
            "train.batch_size, or train less of the backbone"
        ) from error
