"""JPEGs of a picture for pages: a thumbnail, kept on disk, and a large one."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from foodcls.errors import StoreError
from foodcls.report.thumbnails import small_jpeg
from foodcls.store.store import Store, write_whole

SMALL, LARGE = 256, 2048  # pixels of the longer side


@dataclass(frozen=True)
class Thumbs:
    """Pictures of a store as JPEGs, upright and never larger than the original."""

    store: Store
    folder: Path  # thumbnails by id; may be deleted at any time
    max_pixels: int  # of an original

    def small(self, digest: str) -> bytes:
        """At most 256 pixels a side, made once; StoreError or BadPicture when there is none."""
        path = self.folder / digest[:2] / f"{digest}.jpg"
        try:
            return path.read_bytes()
        except OSError:
            data = small_jpeg(self.store.read(digest), SMALL, 82, self.max_pixels)
        # on a full disk it is made each time
        with suppress(StoreError):
            write_whole(path, data)
        return data

    def large(self, digest: str) -> bytes:
        """At most 2048 pixels a side, made on each call."""
        return small_jpeg(self.store.read(digest), LARGE, 90, self.max_pixels)
