"""Keeps finished work in a folder or an object store, under the SHA-256 of its content."""

import errno
import hashlib
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from foodcls.errors import StoreError
from foodcls.store.disk import cannot_read, cannot_write, copy_mode, flush, hide_beside
from foodcls.store.local_store import BLOBS, Folder
from foodcls.store.object_store import Objects

# seconds between two writes of facts: each waits for the disk
PACE = 1.0
DEVICES = Path("/dev")


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


def key_of(picture: str, *terms: object) -> str:
    """A key of facts about a picture under some terms; those about one picture lie together."""
    return f"{picture[:16]}{digest_json([picture, *terms])[:48]}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path; on success it is flushed to disk and takes the place of `path`.

    Readers see the old file or the new one, never a part; a kill leaves the old one. Who may read
    the old one may read the new one, and nobody else. What is no file, such as /dev/stdout, is
    given itself: whoever else uses it would lose it.
    """
    part = hide_beside(path, f"{os.getpid()}.{threading.get_ident()}.part")
    try:
        if path.parent == DEVICES or path.is_fifo():
            yield path
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        copy_mode(path, part)
        flush(part)
        part.replace(path)
        flush(path.parent)
    except OSError as error:
        size = f"more than {part.stat().st_size:,}" if part.is_file() else ""
        # removed first, so that the free space in the message counts it
        _remove(part)
        raise cannot_write(path, error, size) from error
    finally:
        _remove(part)


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file as `replacing` does; text in UTF-8."""
    with replacing(path) as part:
        part.write_bytes(data.encode() if isinstance(data, str) else data)


def _remove(path: Path) -> None:
    # where a file stands in place of its folder, it cannot be there
    with suppress(NotADirectoryError):
        path.unlink(missing_ok=True)


class Store:
    """Finished work: blobs by their SHA-256, and facts, which are JSON, by kind and key.

    `root` is a folder of this machine, or the URL of a place that many machines reach.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = root
        self._keeper = Folder(root) if isinstance(root, Path) else Objects(root)

    @property
    def lanes(self) -> int:
        """How many requests at once are quickest: several where the store is far away."""
        return self._keeper.lanes

    # blobs

    def path(self, digest: str) -> Path:
        """The file of a blob, whether it is there or not; only a folder has files."""
        assert isinstance(self._keeper, Folder), f"{self.root} is no folder"
        return self._keeper.path(digest)

    def where(self, digest: str) -> str:
        """Where the blob of that digest lies, for people."""
        return self._keeper.where(digest)

    def has(self, digest: str) -> bool:
        """Whether the blob is there (its bytes are not read; see `is_whole`)."""
        return bool(digest) and not self._keeper.lacking([digest])

    def lacking(self, digests: Iterable[str]) -> set[str]:
        """Which of these blobs are not there, asked for all at once."""
        return self._keeper.lacking(digests)

    def is_whole(self, digest: str) -> bool:
        """Whether the blob is there and its bytes still have that digest."""
        try:
            return bool(digest) and digest_of(self._keeper.read(digest)) == digest
        except OSError:
            return False

    def read(self, digest: str) -> bytes:
        """The blob's bytes, which have that digest; StoreError when it is missing or damaged.

        A damaged blob, or one that lies where the disk is damaged, is set aside, so that it is
        missing from then on and is made anew.
        """
        try:
            data = self._keeper.read(digest)
        except FileNotFoundError as error:
            raise StoreError(
                f"blob {digest} is missing from {self.root}; run the same command "
                "again, the stage that made it will make it anew"
            ) from error
        except OSError as error:
            place = self.set_aside(digest) if error.errno == errno.EIO else self.where(digest)
            raise cannot_read(f"blob {digest}, now in {place}", error) from error
        if digest_of(data) != digest:
            raise StoreError(
                f"blob {digest} was damaged and is set aside in {self.set_aside(digest)}; run the "
                "same command again, it is made anew; `foodcls verify` looks for more of them"
            )
        return data

    def open(self, digest: str) -> BinaryIO:
        """The blob as a file that the caller closes, checked as `read` checks it.

        Who reads parts of one need not hold it; an object store has no files: there it is read.
        """
        if isinstance(self._keeper, Folder):
            with suppress(OSError):
                path = self._keeper.path(digest)
                if digest_file(path) == digest:
                    return path.open("rb")
        # which also says what is wrong with it
        return io.BytesIO(self.read(digest))

    def put(self, data: bytes, *, durable: bool = False) -> str:
        """Write a blob, whole or not at all; return its digest.

        Only a durable one is on the disk when this returns. A power cut may tear the others, but
        then they no longer have their digest: `read` sees it, and so does the next run's start.
        """
        digest = digest_of(data)
        self._keeper.write(digest, data, durable=durable)
        return digest

    def set_aside(self, digest: str) -> str:
        """Take a damaged blob out of use; where its bytes are now, for whoever wants to look."""
        return self._keeper.set_aside(digest)

    def blobs(self) -> Iterator[Path]:
        """The files of all blobs, whose names are their digests; an object store has no files."""
        return self._keeper.blobs() if isinstance(self._keeper, Folder) else iter(())

    # house-keeping

    def listing(self, part: str = BLOBS) -> Iterator[tuple[str, int, float]]:
        """Name, bytes and time of writing (seconds since 1970) of each blob in `part`."""
        return self._keeper.listing(part)

    def remove(self, names: Iterable[str], part: str = BLOBS) -> None:
        """Remove blobs for good."""
        self._keeper.remove(names, part)

    def enroll(self, user: str) -> None:
        """Note who uses the store: host and folder of a workspace, in two lines."""
        self._keeper.enroll(user)

    def users(self) -> list[str]:
        """Who was noted, also of those that are no more."""
        return self._keeper.users()

    # facts

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, Any]:
        """The remembered values of those of `keys` that have one."""
        return self._keeper.recall(kind, keys)

    def recall_batch(self, kind: str, keys: Iterable[str]) -> dict[str, Any]:
        """What one `remember` of exactly these keys kept; sooner told than by `recall`."""
        return self._keeper.recall_batch(kind, keys)

    def remember(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Keep values under their keys, all or none; a later value replaces an earlier one."""
        self._keeper.remember(kind, facts)

    def facts(self, kind: str) -> Iterator[tuple[str, Any, int]]:
        """All that is remembered of a kind: key, value, and about how many bytes they have."""
        return self._keeper.facts(kind)

    def forget(self, kind: str, keys: Iterable[str]) -> None:
        """Remember these no more."""
        self._keeper.forget(kind, keys)

    @contextmanager
    def noting(self, kind: str) -> Iterator[Callable[[str, Any], None]]:
        """Give a function that remembers values one by one; those of a second are written at once.

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


def _folder_lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"{path.relative_to(folder).as_posix()!r} {_digest_readable(path)}"


def _digest_readable(path: Path) -> str:
    # one file that may not be read is a row of the manifest, and does not end a run
    try:
        return digest_file(path)
    except OSError as error:
        return f"unreadable, {error.strerror}"
