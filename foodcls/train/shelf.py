"""Where pictures are read from, and where what is made of them is kept, within a bound."""

import logging
from dataclasses import dataclass
from pathlib import Path

from foodcls.progress import Track, silent
from foodcls.store.store import Store
from foodcls.train.row_cache import GIGABYTE, LIMIT

log = logging.getLogger(__name__)


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
