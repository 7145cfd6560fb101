"""Counts the minutes of a training, those before a kill too."""

import time
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0


@dataclass(frozen=True)
class Budget:
    """`seconds` are left at the moment `begun` of the clock."""

    seconds: float
    begun: float
    clock: Callable[[], float]

    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.clock() - self.begun >= self.seconds

    def less(self, spent: float) -> "Budget":
        """The same after so many seconds were spent elsewhere."""
        return Budget(self.seconds - spent, self.begun, self.clock)


def start_budget(minutes: float | None, clock: Callable[[], float] = time.monotonic) -> Budget:
    """So many minutes from now on; without end for None."""
    return Budget(float("inf") if minutes is None else minutes * MINUTE, clock(), clock)
