"""Keeps rows of arrays in files, found again row by row, within a bound on the disk."""

import io
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foodcls.progress import Track, silent
from foodcls.store.store import Store, digest_file, digest_of, replacing
from foodcls.tally import count

log = logging.getLogger(__name__)

Array = NDArray[np.generic]
Table = NDArray[np.void]
Place = tuple[Table, int]  # a file's rows, and which of them

# rows of a file: some 20 MB of pixels at 224, or of the activations before a last stage
ROWS = 128
NAME, NAME_BYTES = "picture", 64
GIGABYTE = 10**9
LIMIT = 20 * GIGABYTE


@dataclass(frozen=True)
class Kept:
    """Rows of one kind that lie in files and are read when they are taken."""

    kind: str
    places: tuple[Place, ...]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, places: Sequence[int] | Array) -> Array:
        """A new array of the rows at these places."""
        return np.stack([self._row(place) for place in map(int, places)])

    def _row(self, place: int) -> Array:
        table, row = self.places[place]
        found: Array = table[self.kind][row]
        return found


@dataclass(frozen=True)
class Keeping:
    """How rows are made, and under which names they are kept.

    `make` turns places into arrays of that many rows, one for each of `kinds`. `version` covers
    all that a row depends on besides its own digest.
    """

    folder: Path
    name: str
    kinds: tuple[str, ...]
    version: str
    make: Callable[[Sequence[int]], Sequence[Array]]
    row_bytes: int  # of all kinds
    limit: float = LIMIT  # bytes in `folder`

    def path(self, digest: str) -> Path:
        """A file by the digest of its bytes, so that damage shows."""
        return self.folder / f"{self._prefix}{digest}.npy"

    def files(self) -> list[Path]:
        """What is kept of this name and version."""
        return sorted(self.folder.glob(f"{self._prefix}*.npy"))

    @property
    def _prefix(self) -> str:
        kinds = "\n".join([self.version, *self.kinds])
        return f"{self.name}-{digest_of(kinds.encode())[:16]}-"


def keep_arrays(
    keeping: Keeping, digests: Sequence[str], track: Track = silent, label: str = "arrays"
) -> tuple[Kept, ...]:
    """Find the row of each digest, and make those that are missing.

    A kill loses the rows of one file at most. Whatever is found is compared with its checksum.
    """
    found = _find(keeping, set(digests))
    first = {digest: place for place, digest in reversed(list(enumerate(digests)))}
    missing = sorted(place for digest, place in first.items() if digest not in found)
    count(keeping.name, anew=len(missing), recalled=len(first) - len(missing))
    make_room(keeping.folder, keeping.limit - len(missing) * (keeping.row_bytes + NAME_BYTES))
    starts = range(0, len(missing), ROWS)
    for start in track(starts, len(starts), label):
        places = missing[start : start + ROWS]
        found |= _make(keeping, places, [digests[place] for place in places])
    rows = tuple(found[digest] for digest in digests)
    return tuple(Kept(kind, rows) for kind in keeping.kinds)


def make_room(folder: Path, limit: float) -> None:
    """Delete the files that were not used for longest until `limit` bytes are left.

    Who has opened one goes on reading it; the disk has its room back when that is over.
    """
    files = [(path, path.stat()) for path in folder.glob("*.npy")]
    excess = sum(stat.st_size for _, stat in files) - limit
    for path, stat in sorted(files, key=lambda pair: (pair[1].st_mtime, pair[0].name)):
        if excess <= 0:
            break
        path.unlink(missing_ok=True)
        log.info("%s was not used for longest; deleted to stay below %.1f GB", path.name,
                 limit / GIGABYTE)  # fmt: skip
        excess -= stat.st_size


def _find(keeping: Keeping, wanted: set[str]) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for path in keeping.files():
        table = _open(path)
        rows = {} if table is None else dict(_rows(table))
        fresh = (rows.keys() & wanted) - found.keys()
        if fresh and _is_whole(path):
            # what was used last is deleted last
            os.utime(path)
            found |= {digest: rows[digest] for digest in fresh}
    return found


def _rows(table: Table) -> Iterator[tuple[str, Place]]:
    for row, name in enumerate(table[NAME].tolist()):
        yield name.decode(errors="replace"), (table, row)


def _make(keeping: Keeping, places: Sequence[int], digests: Sequence[str]) -> dict[str, Place]:
    arrays = keeping.make(places)
    fields = [(kind, array.dtype, array.shape[1:]) for kind, array in
              zip(keeping.kinds, arrays, strict=True)]  # fmt: skip
    table = np.empty(len(places), dtype=[(NAME, f"S{NAME_BYTES}"), *fields])
    table[NAME] = digests
    for kind, array in zip(keeping.kinds, arrays, strict=True):
        table[kind] = array
    opened = _open(_write(keeping, table))
    assert opened is not None
    return dict(_rows(opened))


def _write(keeping: Keeping, table: Table) -> Path:
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    path = keeping.path(digest_of(buffer.getvalue()))
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
        _forget(path, str(error))
        return None
    if NAME in (table.dtype.names or ()):
        return table
    _forget(path, "no rows in it")
    return None


def _is_whole(path: Path) -> bool:
    try:
        if path.stem.endswith(digest_file(path)):
            return True
    except FileNotFoundError:
        return False
    _forget(path, "its bytes have changed")
    return False


def _forget(path: Path, reason: str) -> None:
    log.warning("%s is damaged (%s); made anew", path, reason)
    path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Shelf:
    """A store of pictures, a folder for what is made of them, and who is told."""

    store: Store
    cache: Path
    track: Track = silent
    limit: float = LIMIT  # bytes in `cache`

    def fits(self, count: int, row_bytes: int, what: str) -> bool:
        """Whether so many rows may be kept here at all; says so when they may not."""
        needed = count * row_bytes
        if needed > self.limit:
            log.warning(
                "%s: %.1f GB, allowed are %.1f; made anew each time, which is slower: raise "
                "train.cache_gb", what, needed / GIGABYTE, self.limit / GIGABYTE,
            )  # fmt: skip
        return needed <= self.limit
