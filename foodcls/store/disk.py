"""Asks the file system what is free and why it refused, flushes files, and lets one edit them."""

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from foodcls.errors import StoreError

UNITS = ("B", "kB", "MB", "GB", "TB")
WAIT = 10.0  # seconds for another program to end its edit of a table
LONGEST_NAME = 255  # bytes, of a file
FREE = "free space"
OTHER = "name a folder that you can write with --workspace"
ADVICE = {
    errno.EFBIG: "allow larger files with `ulimit -f unlimited`",
    errno.EACCES: OTHER,
    errno.EPERM: OTHER,
    errno.EROFS: OTHER,
}


def flush(path: Path) -> None:
    """Return when a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_all(folder: Path) -> None:
    """Return when all that was written on this folder's file system is on the disk."""
    syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        syncfs(handle)
    finally:
        os.close(handle)


def nearest_folder(path: Path) -> Path:
    """The path itself or, where it is not there yet, the first folder above it that is."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def file_sizes(place: Path) -> Iterator[int]:
    """Bytes of each file at or below a path; one may go while it is looked at."""
    for path in [place, *place.rglob("*")] if place.exists() else ():
        with suppress(FileNotFoundError):
            if path.is_file():
                yield path.stat().st_size


def free_space(path: Path) -> str:
    """What is free where a path lies, e.g. `4,096 bytes and 0 files are free there`."""
    found = os.statvfs(nearest_folder(path))
    # a file system without a table of files has no bound on their number
    files = f" and {found.f_favail:,} files" if found.f_files else ""
    return f"{found.f_bavail * found.f_frsize:,} bytes{files} are free there"


def hide_beside(path: Path, ending: str) -> Path:
    """A hidden file beside another one, called as it is or, where that is too long, by a digest."""
    name = f".{path.name}.{ending}"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f".{sha256(os.fsencode(path.name)).hexdigest()}.{ending}"
    return path.with_name(name)


def copy_mode(old: Path, new: Path) -> None:
    """Let those read the new file who may read the old one, where there is one."""
    with suppress(FileNotFoundError):
        shutil.copymode(old, new)


def cannot_read(what: str, error: OSError) -> StoreError:
    """The error to raise: what was to be read, why it was not, what to do."""
    return StoreError(
        f"cannot read {what}: {error.strerror or error}; mend that, then run the same command again"
    )


def cannot_write(path: Path, error: OSError, size: str = "") -> StoreError:
    """The error to raise: what was to be written, why it was not, what is free, what to do."""
    return StoreError(
        f"cannot write {path}{size and f' ({size} bytes)'}: {error.strerror or error}; "
        f"{free_space(path)}; {ADVICE.get(error.errno or 0, FREE)}, then run the same command again"
    )


def format_bytes(count: float) -> str:
    """So many bytes in the unit that people would take."""
    power = 0
    while count >= 1000 and power < len(UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.1f} {UNITS[power]}" if power else f"{count:.0f} B"


@contextmanager
def editing(*paths: Path | None) -> Iterator[None]:
    """Let nobody else edit these files, from the reading before a change until it is written.

    StoreError when another program still edits one after `WAIT` seconds.
    """
    with ExitStack() as stack:
        # in one order, or two might wait for each other
        for path in sorted({Path(os.path.realpath(path)) for path in paths if path}):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = FileLock(hide_beside(path, "lock"), WAIT)
                stack.enter_context(lock)
            except Timeout as error:
                raise StoreError(
                    f"{path} is as it was: another program has held {lock.lock_file} for "
                    f"{WAIT:g} s; end that one, or try again later"
                ) from error
            except OSError as error:
                raise cannot_write(path, error) from error
        yield
