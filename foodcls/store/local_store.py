"""Keeps blobs as files and facts in SQLite, in one folder of this machine, safe against a kill."""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from foodcls.errors import StoreError
from foodcls.store.disk import cannot_write, flush, free_space

# blobs lie here, and here those that are damaged, out of use
BLOBS, ASIDE = "blobs", "damaged"
FACTS = "facts.sqlite"
# who uses the store, a file each
USERS = "users"
TABLE = (
    "CREATE TABLE IF NOT EXISTS facts (kind TEXT, key TEXT, value TEXT NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID"
)


class Folder:
    """Blobs by digest and facts by key.

    Two threads or processes may write the same blob: both write the same bytes, and the rename
    is atomic. Facts lie in SQLite so that thousands of small ones cost no thousands of files.
    """

    # requests at once: a disk answers without delay
    lanes = 1

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._has_table = False

    def path(self, digest: str) -> Path:
        """Where a blob lies, whether it is there or not."""
        return self.root / BLOBS / digest[:2] / digest

    def where(self, digest: str) -> str:
        """Where a blob lies, in words for people."""
        return str(self.path(digest))

    def lacking(self, digests: Iterable[str]) -> set[str]:
        """Which of these blobs are not there."""
        # as text: a million paths as objects take half a minute
        place = str(self.root / BLOBS)
        return {one for one in digests if not os.path.isfile(f"{place}/{one[:2]}/{one}")}

    def read(self, digest: str) -> bytes:
        """The bytes of a blob, whatever they are; FileNotFoundError when it is not there.

        OSError where they cannot be read.
        """
        return self.path(digest).read_bytes()

    def write(self, digest: str, data: bytes, *, durable: bool) -> None:
        """Write a blob unless it is there already; a durable one is on the disk afterwards."""
        path = self.path(digest)
        # what cannot be read is written anew
        with suppress(OSError):
            if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
                return
        part = path.with_name(f"{digest}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            if durable:
                flush(part)
            part.replace(path)
            if durable:
                flush(path.parent)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise cannot_write(path, error, f"{len(data):,}") from error

    def set_aside(self, digest: str) -> str:
        """Take a blob out of use, and tell where its bytes are now."""
        aside = self.root / ASIDE
        try:
            aside.mkdir(exist_ok=True)
            # another thread may have done it
            with suppress(FileNotFoundError):
                self.path(digest).replace(aside / digest)
        except OSError as error:
            raise cannot_write(aside / digest, error) from error
        return str(aside)

    def blobs(self) -> Iterator[Path]:
        """The files of all blobs; their names are their digests."""
        folders = (self.root / BLOBS).iterdir() if (self.root / BLOBS).is_dir() else ()
        for folder in sorted(folders):
            yield from sorted(path for path in folder.iterdir() if path.suffix != ".part")

    def listing(self, part: str) -> Iterator[tuple[str, int, float]]:
        """Name, bytes and time of writing of what lies in a part of the store."""
        for place, folders, names in os.walk(self.root / part):
            folders.sort()
            for name in sorted(names):
                # one may have gone since it was listed
                with suppress(FileNotFoundError):
                    if not name.endswith(".part"):
                        found = os.stat(f"{place}/{name}")
                        yield name, found.st_size, found.st_mtime

    def remove(self, names: Iterable[str], part: str) -> None:
        """Remove these from a part of the store."""
        for name in names:
            path = self.path(name) if part == BLOBS else self.root / part / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise cannot_write(path, error) from error

    def enroll(self, user: str) -> None:
        """Note who uses the store."""
        path = self.root / USERS / sha256(user.encode()).hexdigest()
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(user)
        except OSError as error:
            raise cannot_write(path, error) from error

    def users(self) -> list[str]:
        """Who was noted."""
        return [path.read_text() for path in sorted((self.root / USERS).glob("*"))]

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
        if not rows:
            return
        with self._memory() as memory:
            memory.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)

    def facts(self, kind: str) -> Iterator[tuple[str, Any, int]]:
        """All that is remembered of a kind: key, value, bytes."""
        with self._memory() as memory:
            for key, value in memory.execute("SELECT key, value FROM facts WHERE kind = ?", [kind]):
                yield key, json.loads(value), len(key) + len(value)

    def forget(self, kind: str, keys: Iterable[str]) -> None:
        """Remember these no more, and give their place on the disk back."""
        with self._memory() as memory:
            wanted = [(kind, key) for key in keys]
            memory.executemany("DELETE FROM facts WHERE kind = ? AND key = ?", wanted)
        with self._memory() as memory:
            memory.execute("VACUUM")

    @contextmanager
    def _memory(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.root / FACTS, timeout=60)
        try:
            # only now: without its memory a store still has its blobs
            if not self._has_table:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(TABLE)
                self._has_table = True
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.root / FACTS}: {error}; {free_space(self.root)}; free space, or move a "
                "damaged file away to have it built anew, then run the same command again"
            ) from error
        finally:
            connection.close()
