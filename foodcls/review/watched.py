"""A value read from a file that other people change too."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from foodcls.errors import TableError
from foodcls.store.store import digest_file

Value = TypeVar("Value")
# no file is one without contents
NOTHING = Path(os.devnull)


def time_and_size(path: Path | None) -> tuple[int, int] | None:
    """What changes with a file that is too large to be digested each time; None without one."""
    stat = path.stat() if path and path.exists() else None
    return (stat.st_mtime_ns, stat.st_size) if stat else None


class Watched(Generic[Value]):
    """A value read from a file, and read again when the file has changed."""

    def __init__(self, path: Path | None, reader: Callable[[Path], Value]) -> None:
        self._path = path or NOTHING
        self._reader = reader
        self._seen: object = None
        self._value: Value | None = None

    def read(self) -> Value:
        """The file's present contents; TableError when it is no file, or cannot be read."""
        seen = self._signature()
        if self._value is None or seen != self._seen:
            self._value, self._seen = self._reader(self._path), seen
        return self._value

    def _signature(self) -> object:
        path = self._path
        try:
            # of a pipe all would wait for who writes into it
            if path.exists() and not path.is_file() and path != NOTHING:
                raise TableError(f"{path} is no file; move it away, or name another one")
            # by content: times are too coarse to tell two changes apart, and copying keeps them
            return digest_file(path)
        except FileNotFoundError:
            return "absent"
        except OSError as error:
            raise TableError(f"{path}: {error.strerror}; let it be read") from error
