"""Keeps finished work: blobs by content digest, and small facts by key, safe against a kill."""

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from foodcls.disk import cannot_write, flush, free_space
from foodcls.errors import StoreError

# damaged blobs lie here, out of use
ASIDE = "damaged"
FACTS = "facts.sqlite"
TABLE = (
    "CREATE TABLE IF NOT EXISTS facts (kind TEXT, key TEXT, value TEXT NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID"
)
# seconds between two writes of facts: each waits for the disk
PACE = 1.0


def digest_of(data: bytes) -> str:
    """SHA-256 of `data`, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, or of a folder's names and bytes in the order of names."""
    if path.is_dir():
        return digest_of("\n".join(_folder_lines(path)).encode())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_json(value: object) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return digest_of(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path; on success it is flushed to disk and takes the place of `path`.

    Readers see the old file or the new one, never a part; a kill leaves the old one.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        flush(part)
        part.replace(path)
        flush(path.parent)
    except OSError as error:
        size = f"more than {part.stat().st_size:,}" if part.is_file() else ""
        # what is said to be free counts the half that is given up
        part.unlink(missing_ok=True)
        raise cannot_write(path, error, size) from error
    finally:
        part.unlink(missing_ok=True)


class Store:
    """A folder of blobs named by their SHA-256, with a small memory of facts beside them.

    Two threads or processes may write the same blob: both write the same bytes, and the rename
    is atomic. A fact is JSON under (kind, key), kept in SQLite so that thousands of small ones
    cost no thousands of files.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._has_table = False

    # blobs

    def path(self, digest: str) -> Path:
        """Where the blob of that digest lies, whether it is there or not."""
        return self.root / "blobs" / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Whether the blob is there (its bytes are not read; see `is_whole`)."""
        return bool(digest) and self.path(digest).is_file()

    def is_whole(self, digest: str) -> bool:
        """Whether the blob is there and its bytes still have that digest."""
        return self.has(digest) and digest_file(self.path(digest)) == digest

    def read(self, digest: str) -> bytes:
        """The blob's bytes, which have that digest; StoreError when it is missing or damaged.

        A damaged blob is set aside, so that it is missing from then on and is made anew.
        """
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError as error:
            raise StoreError(
                f"blob {digest} is missing from {self.root}; run the same command "
                "again, the stage that made it will make it anew"
            ) from error
        if digest_of(data) != digest:
            self.set_aside(digest)
            raise StoreError(
                f"blob {digest} was damaged and is set aside in {self.root / ASIDE}; run the same "
                "command again, it is made anew; `foodcls verify` looks for more of them"
            )
        return data

    def put(self, data: bytes, *, durable: bool = False) -> str:
        """Write a blob unless it is there already; return its digest.

        Only a durable one is on the disk when this returns. A power cut may tear the others, but
        then they no longer have their digest: `read` sees it, and so does the next run's start.
        """
        digest = digest_of(data)
        path = self.path(digest)
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return digest
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
            part.unlink(missing_ok=True)
            raise cannot_write(path, error, f"{len(data):,}") from error
        return digest

    def set_aside(self, digest: str) -> None:
        """Take a damaged blob out of use, and keep its bytes for whoever wants to look at them."""
        (self.root / ASIDE).mkdir(exist_ok=True)
        # another thread may have done it
        with suppress(FileNotFoundError):
            self.path(digest).replace(self.root / ASIDE / digest)

    def blobs(self) -> Iterator[Path]:
        """The files of all blobs; their names are their digests."""
        folders = (self.root / "blobs").iterdir() if (self.root / "blobs").is_dir() else ()
        for folder in sorted(folders):
            yield from sorted(path for path in folder.iterdir() if path.suffix != ".part")

    # facts

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, Any]:
        """The remembered values of those of `keys` that have one."""
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

    def remember(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Keep values under their keys, all or none; a later value replaces an earlier one."""
        rows = [(kind, key, json.dumps(value)) for key, value in facts.items()]
        if not rows:
            return
        with self._memory() as memory:
            memory.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)

    @contextmanager
    def noting(self, kind: str) -> Iterator[Callable[[str, Any], None]]:
        """Give what remembers values one by one, and writes those of a second at once.

        A kill loses the values of the last second; an error or Ctrl-C in the block loses none.
        """
        fresh: dict[str, Any] = {}
        due = time.monotonic() + PACE

        def note(key: str, value: Any) -> None:
            nonlocal due
            fresh[key] = value
            if time.monotonic() >= due:
                self.remember(kind, fresh)
                fresh.clear()
                due = time.monotonic() + PACE

        try:
            yield note
        finally:
            self.remember(kind, fresh)

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


def _folder_lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"{path.relative_to(folder).as_posix()!r} {digest_file(path)}"
