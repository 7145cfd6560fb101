"""Keeps blobs as files and facts in SQLite, in one folder of this machine, safe against a kill."""

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from foodcls.errors import StoreError


class Folder:
    """Blobs by digest and facts by key.

    Two threads or processes may write the same blob: both write the same bytes, and the rename
    is atomic. Facts lie in SQLite so that thousands of small ones cost no thousands of files.
    """

    # requests that are worth having under way at once: a disk answers without delay
    lanes = 1

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._memory() as memory:
            memory.execute("PRAGMA journal_mode=WAL")
            memory.execute(
                "CREATE TABLE IF NOT EXISTS facts (kind TEXT, key TEXT, value TEXT NOT NULL,"
                " PRIMARY KEY (kind, key)) WITHOUT ROWID"
            )

    def path(self, digest: str) -> Path:
        """Where a blob lies, whether it is there or not."""
        return self.root / "blobs" / digest[:2] / digest

    def where(self, digest: str) -> str:
        """The same for people."""
        return str(self.path(digest))

    def lacking(self, digests: Iterable[str]) -> set[str]:
        """Those of the blobs that are not there."""
        return {digest for digest in digests if not self.path(digest).is_file()}

    def read(self, digest: str) -> bytes:
        """The bytes of a blob; FileNotFoundError when it is not there."""
        return self.path(digest).read_bytes()

    def write(self, digest: str, data: bytes) -> None:
        """Write a blob unless it is there already.

        Not flushed to disk one by one: a blob torn by a power cut no longer has its digest.
        """
        path = self.path(digest)
        if path.is_file() and path.stat().st_size == len(data):
            return
        part = path.with_name(f"{digest}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise StoreError(
                f"cannot write a blob of {len(data):,} bytes under {self.root}: "
                f"{error.strerror}, {_free(self.root):,} bytes are free; free space, then run again"
            ) from error

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those of `keys` that have one."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Any] = {}
        with self._memory() as memory:
            for start in range(0, len(wanted), 500):
                batch = wanted[start : start + 500]
                marks = ",".join("?" * len(batch))
                rows = memory.execute(
                    f"SELECT key, value FROM facts WHERE kind = ? AND key IN ({marks})",
                    [kind, *batch],
                )
                found.update((key, json.loads(value)) for key, value in rows)
        return found

    # a key is found in no time, whichever others were written with it
    recall_batch = recall

    def remember(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Keep values under their keys, all or none; a later value replaces an earlier one."""
        rows = [(kind, key, json.dumps(value)) for key, value in facts.items()]
        with self._memory() as memory:
            memory.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)

    @contextmanager
    def _memory(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.root / "facts.sqlite", timeout=60)
        try:
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.root / 'facts.sqlite'}: {error}; free space, or move the "
                "file away to let foodcls build it anew"
            ) from error
        finally:
            connection.close()


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
