"""Keeps finished work, here or where many machines reach it; names it by content."""

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foodcls.errors import StoreError
from foodcls.folder import Folder
from foodcls.objects import Objects


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

    Readers see the old file or the new one, never a part; a kill leaves the old one.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _flush(part)
        part.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}; free space or "
            f"permissions are missing, then run the same command again"
        ) from error
    finally:
        part.unlink(missing_ok=True)


class Store:
    """Finished work: blobs by their SHA-256, and facts, which are JSON, by kind and key.

    `root` is a folder of this machine, or the URL of a place that many machines reach.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = root
        self._keeper = Folder(root) if isinstance(root, Path) else Objects(root)

    @property
    def lanes(self) -> int:
        """How many requests are worth having under way at once."""
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
        """Those of the blobs that are not there, asked for all at once."""
        return self._keeper.lacking(digests)

    def is_whole(self, digest: str) -> bool:
        """Whether the blob is there and its bytes still have that digest."""
        try:
            return bool(digest) and digest_of(self._keeper.read(digest)) == digest
        except FileNotFoundError:
            return False

    def read(self, digest: str) -> bytes:
        """The blob's bytes; StoreError when it is not there."""
        try:
            return self._keeper.read(digest)
        except FileNotFoundError as error:
            raise StoreError(
                f"blob {digest} is missing from {self.root}; run the same command "
                "again, the stage that made it will make it anew"
            ) from error

    def put(self, data: bytes) -> str:
        """Write a blob, whole or not at all; return its digest."""
        digest = digest_of(data)
        self._keeper.write(digest, data)
        return digest

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


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder_lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"{path.relative_to(folder).as_posix()!r} {digest_file(path)}"
