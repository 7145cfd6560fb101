"""Counts the bytes that a host gives in a day."""

import math
import time
from collections.abc import Mapping

DAY = 25  # clock hours, the first and the last of which are parts of one: 24 hours at least


class DayLimitReached(Exception):
    """What a host gives in a day has come; the text says when there is more."""


class HourlyBytes(dict[int, float]):
    """Bytes by the clock hours, since 1970, in which they came: those of a day."""

    @classmethod
    def read(cls, told: Mapping[str, float]) -> "HourlyBytes":
        """Read what `told` gave; ValueError where so many bytes cannot have come."""
        hours = cls((int(hour), float(size)) for hour, size in told.items())
        if not all(0 <= size < math.inf for size in hours.values()):
            raise ValueError(f"{dict(hours)}: no bytes of a day")
        return hours

    def told(self) -> Mapping[str, float]:
        """The same for JSON, whose keys are texts."""
        return {str(hour): size for hour, size in self.items()}

    def copy(self) -> "HourlyBytes":
        """The same, to be changed by itself."""
        return HourlyBytes(self)

    def add(self, size: float) -> float:
        """Count bytes that came now; how many came in this hour."""
        now = _hour()
        for hour in [hour for hour in self if not _counts(hour)]:
            del self[hour]
        self[now] = self.get(now, 0.0) + size
        return self[now]

    def merge(self, other: "HourlyBytes") -> None:
        """Take what another one knows of the same bytes."""
        self.update({hour: max(size, self.get(hour, 0.0)) for hour, size in other.items()})

    def total(self) -> float:
        """The bytes of the last 24 hours, or some more."""
        return sum(size for hour, size in self.items() if _counts(hour))

    def seconds_left(self) -> float:
        """Until the oldest of them no more count."""
        hours = [hour for hour in self if _counts(hour)]
        return (min(hours, default=_hour()) + DAY) * 3600 - time.time()


def _counts(hour: int) -> bool:
    # hours to come, too, in which bytes came before the clock was set back
    return abs(hour - _hour()) < DAY


def _hour() -> int:
    return int(time.time() // 3600)
