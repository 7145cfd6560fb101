"""Cleans a workspace up after a run that was killed, or that ended with its machine."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from foodcls.store.store import Store
from foodcls.work.parallel import prefetch

log = logging.getLogger(__name__)

WAITING = 256  # blobs whose answers may wait to be asked for


def remove_parts(folder: Path) -> None:
    """Remove unfinished files whose writers have died."""
    for part in list(dead_parts(folder)):
        remove_part(part)


def dead_parts(folder: Path) -> Iterator[Path]:
    """Unfinished files whose names hold a process that is no more."""
    for part in folder.rglob("*.part"):
        writer = part.name.split(".")[-3:][0]
        if not (writer.isdigit() and _is_alive(int(writer))):
            yield part


def remove_part(part: Path) -> None:
    """Remove an unfinished file or folder."""
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


def set_torn_aside(store: Store, since: float) -> list[str]:
    """Set aside the blobs written since then (seconds since 1970) that are not whole.

    For the start after a power cut: what had not reached the disk is torn or empty.
    """
    written = [path.name for path in store.blobs() if path.stat().st_mtime >= since]
    torn = list(damaged_blobs(store, written))
    for digest in torn:
        store.set_aside(digest)
    if torn:
        log.warning("%d of the last run's %d files were torn; made anew", len(torn), len(written))
    return torn


def damaged_blobs(store: Store, digests: list[str]) -> Iterator[str]:
    """Which of these blobs are not whole; they are read in threads."""
    threads = os.cpu_count() or 1
    checked = prefetch(digests, store.is_whole, threads, WAITING)
    yield from (digest for digest, whole in zip(digests, checked, strict=True) if not whole)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
