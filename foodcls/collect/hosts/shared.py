"""The state of each host in a file that all processes of one machine share."""

import json
import math
import os
import stat
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

# seconds, and some, of the longest pause that a recipe may set: what is beyond was not meant
LONGEST = 3_700.0
LONGEST_NAME = 200  # characters; two hosts that begin with the same ones are as one
# what reading a torn file raises
ODD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
DAY = 25  # clock hours, the first and the last of which are parts of one: 24 hours at least


class DayLimitReached(Exception):
    """What a host gives in a day has come; the text says when there is more."""


class HourlyBytes(dict[int, float]):
    """Bytes by the clock hours, since 1970, in which they came: those of a day."""

    @classmethod
    def read(cls, told: Mapping[str, float]) -> "HourlyBytes":
        """Read what JSON made of one; ValueError where so many bytes cannot have come."""
        hours = cls((int(hour), float(size)) for hour, size in told.items())
        if not all(0 <= size < math.inf for size in hours.values()):
            raise ValueError(f"{dict(hours)}: no bytes of a day")
        return hours

    def copy(self) -> "HourlyBytes":
        """A copy that can be changed by itself."""
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


class HostState:
    """What all processes know of a host: until when to leave it alone, its day, what may come.

    Without the path of a file one process knows it alone.
    """

    def __init__(self, path: Path | None = None, hours: HourlyBytes | None = None) -> None:
        self.path = path
        self.free_at, self.hours = 0.0, hours or HourlyBytes()
        self.reserved = dict[int, float]()  # bytes, by the places of those who may bring them
        if path:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            told = json.loads(path.read_text())
            reserved = {int(number): float(size) for number, size in told["reserved"].items()}
            free_at = float(told["free_at"])
            # what is no number would be no bound either
            if not (
                math.isfinite(free_at) and all(0 <= size < math.inf for size in reserved.values())
            ):
                raise ValueError(f"{path}: {told}")
            self.hours = HourlyBytes.read(told["hours"])
            self.free_at, self.reserved = free_at, reserved
        # nobody has asked it yet, or something else stands there
        except (FileNotFoundError, *ODD):
            return
        # of before the machine started anew
        if self.free_at > time.monotonic() + LONGEST:
            self.free_at = 0.0

    def text(self) -> str:
        """What its file is to say."""
        told = {"hours": self.hours, "reserved": self.reserved}
        return json.dumps({"free_at": self.free_at} | told)

    def take(self, number: int) -> FileLock | None:
        """What keeps a place for this process, as long as that lives; Timeout if another has it."""
        if not self.path:
            return None
        lock = FileLock(f"{self.path}.{number}", thread_local=False)
        lock.acquire(blocking=False)
        return lock

    def drop_dead(self, own: Collection[int]) -> None:
        """Forget what was set aside for places that no process has any more."""
        for number in [one for one in self.reserved if one not in own]:
            with suppress(Timeout):
                if lock := self.take(number):
                    lock.release()
                del self.reserved[number]

    def wait(self, until: float) -> float:
        """Leave it alone until then, or longer where that was said before; until when."""
        self.free_at = max(self.free_at, until)
        return self.free_at


@contextmanager
def locked_state(places: Path, host: str) -> Iterator[HostState]:
    """What the processes of this machine know of a host, locked while it is read and written."""
    places.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = places / quote(host, safe="")[:LONGEST_NAME]
    with FileLock(f"{path}.lock", thread_local=False):
        state = HostState(path)
        before = state.text()
        yield state
        if (after := state.text()) != before:
            part = path.with_name(f"{path.name}.part")
            part.write_text(after)
            part.replace(path)


def host_places() -> Path | None:
    """A folder in which all runs of this user on this machine keep hosts' limits together.

    None where it is somebody else's, who could lead what is written there elsewhere, or where
    nothing can be written.
    """
    own = Path(tempfile.gettempdir()) / f"foodcls-{os.geteuid()}"
    hosts = own / "hosts"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        found = own.lstat()
        is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not is_own or found.st_mode & 0o022:
            return None
        hosts.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=hosts) as file:
            file.write(b"x")
    except OSError:
        return None
    return hosts
