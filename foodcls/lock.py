"""Lets one run at a time into a workspace; the system frees what a killed one held."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from foodcls.errors import StoreError
from foodcls.store import replacing

# there while a process is in, and left behind by one that was killed
HOLDER = ".holder.json"


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold `folder` for the length of the block; StoreError naming the process that holds it.

    The process itself may enter again, as a flow does that calls another. The lock is the
    system's own (flock), so that a killed process holds nothing; what it was writing is removed.
    """
    # one lock a folder in this process: entering again counts, and threads share it
    lock = FileLock(folder / ".lock", timeout=0, thread_local=False, is_singleton=True)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            f"workspace {folder} is in use by {_read_holder(folder)}; wait until it has ended, or "
            "name another folder with --workspace"
        ) from error
    is_first = lock.lock_counter == 1
    try:
        if is_first:
            if (folder / HOLDER).exists():
                _remove_parts(folder)
            _write_holder(folder)
        yield
    finally:
        if is_first:
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _remove_parts(folder: Path) -> None:
    """Remove unfinished files, whose names hold the process that was writing them."""
    for part in folder.rglob("*.part"):
        writer = part.name.split(".")[-3]
        if not (writer.isdigit() and _is_alive(int(writer))):
            part.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_holder(folder: Path) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    with replacing(folder / HOLDER) as part:
        part.write_text(json.dumps(holder))


def _read_holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / HOLDER).read_text())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        # it holds the lock, and has not yet said who it is
        return "another process"
