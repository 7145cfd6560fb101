"""Saves photos in a folder a class and group, as `grouped_by_folder: true` reads them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from foodcls.store.store import digest_of, write_whole

QUALITY = 95  # of JPEG
MOST_GROUPS = 999


class PhotoFolder:
    """Photos of classes, each in the folder of its group: ROOT/CLASS/tray-01/TIME-DIGEST.jpg."""

    def __init__(self, root: Path, labels: Sequence[str]) -> None:
        self.root = root
        self.labels = tuple(labels)
        self._saved: list[Path] = []  # by this object, for `take_back`

    def save(self, pixels: NDArray[np.uint8], label: str, group: int, taken: datetime) -> Path:
        """Write upright pixels, (H, W, 3), as a JPEG that tells when it was taken, and no more.

        ValueError when there is no such class or group. Sent twice, a photo lies there once.
        """
        if label not in self.labels or not 1 <= group <= MOST_GROUPS:
            raise ValueError(f"no class {label[:40]!r}, or no group {group}")
        data = _jpeg(pixels, taken)
        name = f"{taken.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest_of(data)[:12]}.jpg"
        path = self.root / label / group_name(group) / name
        if not path.exists():
            write_whole(path, data)
            self._saved.append(path)
        return path

    def take_back(self, name: str) -> Path | None:
        """Remove the last photo of that name that this object saved, if there is one; its path."""
        path = next((path for path in reversed(self._saved) if path.name == name), None)
        if path:
            self._saved.remove(path)
            path.unlink(missing_ok=True)
        return path

    def count(self) -> dict[str, dict[int, int]]:
        """How many photos each class has in each group that this command may have made."""
        names = {group_name(group): group for group in range(1, MOST_GROUPS + 1)}
        return {
            label: dict(Counter(
                names[path.parent.name] for path in (self.root / label).glob("*/*.jpg")
                if path.parent.name in names
            ))
            for label in self.labels
        }  # fmt: skip


def group_name(group: int) -> str:
    """The name of a group's folder, so that names sort as numbers do."""
    return f"tray-{group:02d}"


def _jpeg(pixels: NDArray[np.uint8], taken: datetime) -> bytes:
    exif = Image.Exif()
    local = taken.astimezone()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"{local:%Y:%m:%d %H:%M:%S}"
    details[ExifTags.Base.OffsetTimeOriginal] = f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, exif=exif)
    return buffer.getvalue()
