"""The feature cache: pixels and activations on disk, row by row, least recently used out first."""

import errno
import io
import logging
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foodcls.progress import Track, count, silent
from foodcls.store.store import Store, digest_file, digest_of, replacing
from foodcls.work.process_group import ALONE, ProcessGroup

log = logging.getLogger(__name__)

Array = NDArray[np.generic]
Table = NDArray[np.void]
Place = tuple[Table, int]  # a file's rows, and which of them

# rows of a file: some 20 MB of pixels at 224, or of the activations before a last stage
ROWS = 128
# with many rows a file holds a multiple of ROWS, up to MOST_BYTES: each file stays open, and a
# million rows would lie in 8,000 files
FILES, MOST_BYTES = 256, 64 << 20
NAME, NAME_BYTES = "picture", 64
GIGABYTE = 10**9
LIMIT = 20 * GIGABYTE
WHOLE: dict[Path, tuple[int, int, int]] = {}  # what files were like when their digest was right


@dataclass(frozen=True)
class CachedRows:
    """Rows of one kind that lie in files and are read when they are taken."""

    kind: str
    places: tuple[Place, ...]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, indices: Sequence[int] | Array) -> Array:
        """A new array (n, ...) of the rows at n indices, in the shape and dtype they were made."""
        chosen = (self.places[int(index)] for index in indices)
        return np.stack([table[self.kind][row] for table, row in chosen])

    def pick(self, indices: Array) -> "CachedRows":
        """The rows at some indices, in their order."""
        return CachedRows(self.kind, tuple(self.places[index] for index in indices))


@dataclass(frozen=True)
class FeatureCache:
    """Where pictures are read from, and the folder that keeps what is computed from them."""

    store: Store
    folder: Path
    track: Track = silent  # shows progress
    limit: float = LIMIT  # bytes in `folder`
    group: ProcessGroup = ALONE  # of which each process makes a part

    def fits(self, count: int, row_bytes: int, what: str) -> bool:
        """Whether `count` rows of so many bytes stay within the limit; warns if they do not."""
        needed = count * row_bytes
        if needed > self.limit:
            log.warning(
                "%s: %.1f GB, allowed are %.1f; made anew each time, which is slower: raise "
                "train.cache_gb", what, needed / GIGABYTE, self.limit / GIGABYTE,
            )  # fmt: skip
        return needed <= self.limit


@dataclass(frozen=True)
class RowCache:
    """How rows are made, and under which names they are kept.

    `make` gives the rows at n indices as arrays (n, ...), one for each of `kinds`, of any shape and
    dtype. `version` covers all that a row depends on besides its own digest.
    """

    feature_cache: FeatureCache
    name: str
    kinds: tuple[str, ...]
    version: str
    make: Callable[[Sequence[int]], Sequence[Array]]
    row_bytes: int  # of all kinds together

    def path(self, digest: str) -> Path:
        """A file by the digest of its bytes, so that damage shows."""
        return self.feature_cache.folder / f"{self._prefix}{digest}.npy"

    def files(self) -> list[Path]:
        """The files of this name and version."""
        return sorted(self.feature_cache.folder.glob(f"{self._prefix}*.npy"))

    @property
    def _prefix(self) -> str:
        kinds = "\n".join([self.version, *self.kinds])
        return f"{self.name}-{digest_of(kinds.encode())[:16]}-"


def cache_rows(
    cache: RowCache, digests: Sequence[str], label: str = "arrays"
) -> tuple[CachedRows, ...]:
    """Read the row of each digest from disk, and make those that are missing; one result a kind.

    A kill loses the rows of one file at most. A process checks a file's digest once, unless it
    changes. Each process of a group makes some of the missing files, the same as one would make.
    """
    found = _find(cache, set(digests))
    first = {digest: index for index, digest in reversed(list(enumerate(digests)))}
    group = cache.feature_cache.group
    lacking = [index for digest, index in first.items() if digest not in found]
    # also those that another process's machine lacks
    missing = sorted(set(group.gather(lacking)))
    count(cache.name, anew=len(missing), recalled=len(first) - len(missing))
    kept = cache.feature_cache
    make_room(kept.folder, kept.limit - len(missing) * (cache.row_bytes + NAME_BYTES))
    # batches are cut where they would be without a kill: rows depend on it in their last bits
    most = MOST_BYTES // (ROWS * cache.row_bytes)
    size = ROWS * max(1, min(-(-len(missing) // (ROWS * FILES)), most))
    files = [missing[start : start + size] for start in range(0, len(missing), size)]
    own = files[group.part(len(files))]
    made: list[Path] = []
    found |= kept.track(_make_all(cache, own, digests, made), sum(map(len, own)), label)
    if group.size > 1:
        _exchange(cache, made)
        found |= _find(cache, set(digests) - found.keys())
    rows = tuple(found[digest] for digest in digests)
    return tuple(CachedRows(kind, rows) for kind in cache.kinds)


def make_room(folder: Path, limit: float) -> None:
    """Delete the least recently used files until those left take at most `limit` bytes.

    A process that has opened one goes on reading it; its room is free once that is closed.
    """
    files = []
    for path in folder.glob("*.npy"):
        # another process of a group may just have deleted it
        with suppress(FileNotFoundError):
            files.append((path, path.stat()))
    excess = sum(stat.st_size for _, stat in files) - limit
    for path, stat in sorted(files, key=lambda pair: (pair[1].st_mtime, pair[0].name)):
        if excess <= 0:
            break
        path.unlink(missing_ok=True)
        log.info("%s was not used for longest; deleted to stay below %.1f GB", path.name,
                 limit / GIGABYTE)  # fmt: skip
        excess -= stat.st_size


def _find(cache: RowCache, wanted: set[str]) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for path in cache.files():
        table = _open(path)
        rows = {} if table is None else dict(_rows(table))
        fresh = (rows.keys() & wanted) - found.keys()
        if fresh and _is_whole(path):
            found |= {digest: rows[digest] for digest in fresh}
    return found


def _rows(table: Table) -> Iterator[tuple[str, Place]]:
    for row, name in enumerate(table[NAME].tolist()):
        yield name.decode(errors="replace"), (table, row)


def _make_all(
    cache: RowCache, files: Sequence[Sequence[int]], digests: Sequence[str], made: list[Path]
) -> Iterator[tuple[str, Place]]:
    """Each row once the file that holds it is written, whose path goes to `made`."""
    for indices in files:
        made.append(_make(cache, indices, [digests[index] for index in indices]))
        opened = _open(made[-1])
        assert opened is not None
        yield from _rows(opened)


def _exchange(cache: RowCache, made: Sequence[Path]) -> None:
    """Wait for what the other processes make; files go to those that have another folder."""
    group = cache.feature_cache.group
    places = group.gather([(platform.node(), str(cache.feature_cache.folder))])
    counts = group.gather([len(made)])
    if len(set(places)) == 1:
        return
    for rank, number in [(rank, at) for rank, files in enumerate(counts) for at in range(files)]:

        def read(place: int = number) -> tuple[str, bytes]:
            return made[place].name, made[place].read_bytes()

        name, data = group.agree(read, rank)
        path = cache.feature_cache.folder / name
        if not path.exists():
            with replacing(path) as part:
                part.write_bytes(data)


def _make(cache: RowCache, indices: Sequence[int], digests: Sequence[str]) -> Path:
    # what a row is made of may be much larger than the row
    parts = [cache.make(indices[start : start + ROWS]) for start in range(0, len(indices), ROWS)]
    arrays = [np.concatenate(of_kind) for of_kind in zip(*parts, strict=True)]
    fields = [(kind, array.dtype, array.shape[1:]) for kind, array in
              zip(cache.kinds, arrays, strict=True)]  # fmt: skip
    table = np.empty(len(indices), dtype=[(NAME, f"S{NAME_BYTES}"), *fields])
    table[NAME] = digests
    for kind, array in zip(cache.kinds, arrays, strict=True):
        table[kind] = array
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    path = cache.path(digest_of(buffer.getvalue()))
    with replacing(path) as part:
        part.write_bytes(buffer.getbuffer())
    return path


def _open(path: Path) -> Table | None:
    try:
        # as a plain array: each row that is taken of a memmap would be one too
        table = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except FileNotFoundError:
        return None
    except (ValueError, EOFError, OSError) as error:
        # it is not the file's fault
        if getattr(error, "errno", 0) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise
        _forget(path, str(error))
        return None
    if NAME in (table.dtype.names or ()):
        return table
    _forget(path, "no rows in it")
    return None


def _is_whole(path: Path) -> bool:
    try:
        if WHOLE.get(path) == _mark(path) or path.stem.endswith(digest_file(path)):
            # what was used last is deleted last; the kernel's clock ticks too slowly to tell writes
            os.utime(path, ns=(now := time.time_ns(), now))
            WHOLE[path] = _mark(path)
            return True
    except FileNotFoundError:
        return False
    _forget(path, "its bytes have changed")
    return False


def _mark(path: Path) -> tuple[int, int, int]:
    return (stat := path.stat()).st_ino, stat.st_size, stat.st_mtime_ns


def _forget(path: Path, reason: str) -> None:
    log.warning("%s is damaged (%s); made anew", path, reason)
    path.unlink(missing_ok=True)
