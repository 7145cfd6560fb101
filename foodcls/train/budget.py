"""Bounds what a training may take: the minutes it runs, also before a kill, and the memory."""

import ctypes
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

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
        """The same by the first process's clock, so that all of a group end at the same step."""
        if group.size == 1 or math.isinf(self.deadline):
            return self
        return Budget(group.agree(lambda: self.deadline), lambda: group.agree(self.clock))


def start_budget(minutes: float | None, clock: Callable[[], float] = time.monotonic) -> Budget:
    """A budget of so many minutes from now on; without end for None."""
    return Budget(float("inf") if minutes is None else clock() + minutes * MINUTE, clock)


# of malloc.h in glibc; other libraries know nothing of them and are left as they are
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER, USUAL_TRIM, USUAL_MMAPS = 2**31 - 1, 128 * 1024, 65_536


@contextmanager
def retain_freed_memory() -> Iterator[None]:
    """Let the C library reuse freed memory in the block instead of handing it to the system.

    Each step frees and takes the same large blocks. Given back, they come again as empty pages,
    and filling 37 MB of these took 27 ms where the sums in them took 10.
    """
    libc: Any = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        yield
        return
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        libc.mallopt(M_MMAP_MAX, USUAL_MMAPS)
        libc.mallopt(M_TRIM_THRESHOLD, USUAL_TRIM)
        libc.malloc_trim(0)


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
