"""A value read from a file that other people change too."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from foodcls.store.store import digest_file

Value = TypeVar("Value")


def time_and_size(path: Path | None) -> tuple[int, int] | None:
    """What changes with a file that is too large to be digested each time; None without one."""
    stat = path.stat() if path and path.exists() else None
    return (stat.st_mtime_ns, stat.st_size) if stat else None


class Watched(Generic[Value]):
    """A value read from a file, and read again when the file has changed."""

    def __init__(self, path: Path | None, reader: Callable[[Path], Value]) -> None:
        # no file is one without contents
        self._path = path or Path(os.devnull)
        self._reader = reader
        self._seen: object = None
        self._value: Value | None = None

    def read(self) -> Value:
        """The file's present contents."""
        seen = self._signature()
        if self._value is None or seen != self._seen:
            self._value, self._seen = self._reader(self._path), seen
        return self._value

    def _signature(self) -> object:
        # by content: times are too coarse to tell two changes apart, and copying keeps them
        return digest_file(self._path) if self._path.exists() else "absent"
