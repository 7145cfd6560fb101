"""Finds picture files that a person named, and reads them within bounds."""

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from foodcls.errors import InputError
from foodcls.image.decode import BadPicture

MAX_BYTES = 100_000_000
# in a folder other files lie too; a file that is named itself may be called anything
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")


def find_pictures(places: Iterable[Path]) -> list[Path]:
    """The files themselves, what patterns match, and all pictures below folders, in order.

    Of a folder those with a picture's ending; InputError when there is none at all.
    """
    named = list(places)
    found: list[Path] = []
    for place in _expand(named):
        below = sorted(place.rglob("*")) if place.is_dir() else [place]
        found += [path for path in below if not place.is_dir() or _looks_like_picture(path)]
    if not found:
        raise InputError(f"no pictures in {', '.join(map(str, named))}; name files or folders")
    return found


def read_picture(path: Path) -> bytes:
    """The bytes of a file; BadPicture when it is no file or too large to be a picture."""
    # a pipe or a device would be read for ever
    if not path.is_file():
        raise BadPicture("not_an_image", "not there" if not path.exists() else "not a file")
    if path.stat().st_size > MAX_BYTES:
        raise BadPicture("not_an_image", f"more than {MAX_BYTES} bytes")
    return path.read_bytes()


def explain_refusal(error: BadPicture | OSError) -> str:
    """What is wrong with a file that could not be read or decoded."""
    return str(error) if isinstance(error, BadPicture) else f"unreadable: {error.strerror}"


def _expand(places: Iterable[Path]) -> Iterator[Path]:
    """Patterns that the shell has left alone become the files that they match."""
    for place in places:
        if place.exists() or not glob.has_magic(str(place)):
            yield place
        else:
            yield from map(Path, sorted(glob.glob(str(place), recursive=True)))


def _looks_like_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()
