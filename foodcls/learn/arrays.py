"""Keeps long arrays in files of a few rows, so that a killed computation goes on where it was."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foodcls.progress import Track, silent
from foodcls.store import digest_of, replacing
from foodcls.tally import count

log = logging.getLogger(__name__)

Array = NDArray[np.generic]

# rows of a file: some 20 MB of pixels at 224, or of the activations before a last stage
ROWS = 128


@dataclass(frozen=True)
class Kept:
    """Rows that lie in files and are read when they are taken."""

    files: tuple[Array, ...]
    count: int

    def __len__(self) -> int:
        return self.count

    def take(self, places: Sequence[int] | Array) -> Array:
        """A new array of the rows at these places."""
        return np.stack([self.files[place // ROWS][place % ROWS] for place in map(int, places)])


@dataclass(frozen=True)
class Keeping:
    """How rows are made, and under which names they are kept.

    `make` turns a range of places into arrays of that many rows, one for each of `kinds`.
    `version` covers all that the rows depend on besides the row's own digest.
    """

    folder: Path
    kinds: tuple[str, ...]
    version: str
    make: Callable[[range], Sequence[Array]]


def keep_arrays(
    keeping: Keeping, digests: Sequence[str], track: Track = silent, label: str = "arrays"
) -> tuple[Kept, ...]:
    """Make what is missing, and open all of it; a kill loses the rows of one file at most."""
    starts = range(0, len(digests), ROWS)
    parts = []
    for start in track(starts, len(starts), label):
        places = range(start, min(start + ROWS, len(digests)))
        parts.append(_keep_part(keeping, places, digests))
    return tuple(
        Kept(tuple(part[number] for part in parts), len(digests))
        for number in range(len(keeping.kinds))
    )


def _keep_part(keeping: Keeping, places: range, digests: Sequence[str]) -> list[Array]:
    key = digest_of("\n".join([keeping.version, *digests[places.start : places.stop]]).encode())
    paths = [keeping.folder / f"{kind}-{key}.npy" for kind in keeping.kinds]
    opened = [_open(path, len(places)) for path in paths]
    is_missing = any(array is None for array in opened)
    count(keeping.kinds[0], anew=len(places) * is_missing, recalled=len(places) * (not is_missing))
    if is_missing:
        for path, array in zip(paths, keeping.make(places), strict=True):
            _write(path, array)
        opened = [_open(path, len(places)) for path in paths]
    return [array for array in opened if array is not None]


def _write(path: Path, array: Array) -> None:
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)


def _open(path: Path, rows: int) -> Array | None:
    if not path.is_file():
        return None
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        log.warning("%s is torn (%s); made anew", path, error)
        return None
    return array if len(array) == rows else None
