"""The lock of a workspace: one run at a time; the system releases that of a killed one."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from foodcls.errors import BusyError
from foodcls.store.disk import flush_all
from foodcls.store.store import write_whole
from foodcls.workspace.recovery import remove_parts, set_torn_aside
from foodcls.workspace.workspace import Workspace

# there while a process is in, and left behind by one that was killed
HOLDER = ".holder.json"
# another one after each start of the machine
BOOT = Path("/proc/sys/kernel/random/boot_id")
# seconds by which clocks of a machine and its file server may differ
SLACK = 60
# the folders that the present work is in; a thread of its own begins with none
HELD: ContextVar[frozenset[Path]] = ContextVar("foodcls_held", default=frozenset())


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold `folder` for the length of the block; BusyError naming the process that holds it.

    Within the block it may be entered again, as a flow does that calls another; another thread
    may not. The lock is the system's own (flock), so that a killed process holds nothing; what it
    was writing is removed. When the block is left, all that was written is on the disk.
    """
    folder = folder.resolve()
    if folder in HELD.get():
        yield
        return
    lock = _acquire(folder)
    entered = HELD.set(HELD.get() | {folder})
    try:
        _recover(folder)
        _write_holder(folder)
        workspace = Workspace(folder)
        if workspace.pointer.exists():
            # whoever tidies that store up has to know what is named here
            workspace.store.enroll(f"{socket.gethostname()}\n{folder}")
        yield
    finally:
        HELD.reset(entered)
        flush_all(folder)
        (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def check_free(folder: Path) -> None:
    """BusyError when another process holds `folder` now: told before anything slow is begun."""
    _acquire(folder.resolve()).release()


def _acquire(folder: Path) -> FileLock:
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"workspace {folder} is in use by {_describe(_read_holder(folder))}; wait until it has "
            "ended, or name another folder with --workspace"
        ) from error
    return lock


def _recover(folder: Path) -> None:
    """Mend what a run has left that did not come to its end."""
    if not (folder / HOLDER).exists():
        return
    remove_parts(folder)
    # a killed process loses nothing that it had written, a machine that went down does
    workspace = Workspace(folder)
    if Path(workspace.place).is_dir() and _read_holder(folder).get("boot") != _boot():
        begun = (folder / HOLDER).stat().st_mtime
        set_torn_aside(workspace.store, begun - SLACK)


def _write_holder(folder: Path) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "boot": _boot(),
    }
    write_whole(folder / HOLDER, json.dumps(holder))


def _read_holder(folder: Path) -> dict[str, Any]:
    """Who is in, or was; empty when it has not yet said so, or was torn."""
    try:
        holder = json.loads((folder / HOLDER).read_text())
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}


def _describe(holder: dict[str, Any]) -> str:
    try:
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except KeyError:
        return "another process"


def _boot() -> str:
    return BOOT.read_text().strip() if BOOT.exists() else ""
