"""Finds picture files that a person named, and reads them within bounds."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from foodcls.errors import InputError
from foodcls.image.decode import BadPicture
from foodcls.image.file_types import sniff_format
from foodcls.image.listing import list_below, warn_passed

MAX_BYTES = 100_000_000
# what is called so and is no picture is said to be none; of a folder's other files content decides
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic")
HEAD = 64  # bytes that tell what a file is


def find_pictures(places: Iterable[Path]) -> list[Path]:
    """The files themselves, what patterns match, and all pictures below folders, in order.

    Of a folder those that are pictures by their content, whatever their names, or claim to be by
    their names, and what cannot be read; InputError when there is none at all.
    """
    named = list(places)
    found: list[Path] = []
    for place in _expand(named):
        found += _below(place) if os.path.isdir(place) else [place]
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
        if os.path.exists(place) or not glob.has_magic(str(place)):
            yield place
        else:
            yield from map(Path, sorted(glob.glob(str(place), recursive=True)))


def _below(folder: Path) -> list[Path]:
    passed: list[Path] = []
    files = sorted(path for path in list_below(folder, passed) if _is_wanted(path))
    warn_passed(folder, passed)
    return files


def _is_wanted(path: Path) -> bool:
    try:
        # what is neither: a pipe, which would be waited for, or a link to a folder
        if not path.is_file():
            return path.is_dir() and not path.is_symlink()
        with path.open("rb") as file:
            return path.suffix.lower() in ENDINGS or sniff_format(file.read(HEAD)) is not None
    except OSError:
        return True
