"""JPEGs of a picture for pages: a thumbnail, kept on disk, and a large one."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from foodcls.image.decode import decode
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
        except FileNotFoundError:
            data = self._jpeg(digest, SMALL, 82)
        write_whole(path, data)
        return data

    def large(self, digest: str) -> bytes:
        """At most 2048 pixels a side, made on each call."""
        return self._jpeg(digest, LARGE, 90)

    def _jpeg(self, digest: str, side: int, quality: int) -> bytes:
        image = decode(self.store.read(digest), self.max_pixels).image
        # what reduce() leaves is at least twice the size: the filter then sees enough pixels
        image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return buffer.getvalue()
