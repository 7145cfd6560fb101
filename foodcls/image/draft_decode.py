"""Turns files into looks, decoding each no finer than a look needs."""

import io
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, JpegImagePlugin

from foodcls.image.decode import FORMATS, ORIENTATION, BadPicture, decode
from foodcls.image.files import explain_refusal, read_picture
from foodcls.image.hashes import THUMB_SIDE, Looks, join_looks, look_at_thumbs, make_thumb
from foodcls.image.scans import COARSE, coarse_scans
from foodcls.image.truncation import is_cut_short
from foodcls.progress import Track, silent

JPEG = JpegImagePlugin.JpegImageFile.format
# files that a thread takes at once, and hashes together: 32 to 192 take the same time
TOGETHER = 64


@dataclass(frozen=True)
class Skimmed:
    """The files that could be read, with their looks, and those that could not."""

    paths: tuple[Path, ...]
    looks: Looks
    refused: Mapping[Path, str]  # with what is wrong


def skim_files(paths: Sequence[Path], kind: str, max_pixels: int, track: Track = silent) -> Skimmed:
    """Looks of many files, in threads; `kind` is a key of hashes.HASHES.

    A JPEG is decoded at a fraction of its size, of a progressive one only the coarse scans. Such
    looks differ a little from those of `look_at`: hold them against each other only. Whether a
    file is whole is not judged; `inspect` does that.
    """
    gate = threading.Lock()
    parts = [paths[start : start + TOGETHER] for start in range(0, len(paths), TOGETHER)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        skimmed = pool.map(lambda part: _skim_part(part, kind, max_pixels, gate), parts)
        seen = list(track(skimmed, len(parts), "skim"))
    return Skimmed(
        tuple(path for part in seen for path in part.paths),
        join_looks(part.looks for part in seen),
        {path: reason for part in seen for path, reason in part.refused.items()},
    )


def skim_thumb(
    data: bytes, max_pixels: int, gate: AbstractContextManager[object] | None = None
) -> Image.Image:
    """The thumbnail of a picture file, see `make_thumb`; BadPicture when it cannot be decoded."""
    try:
        thumb = _draft_thumb(data, max_pixels)
    # Pillow's decoders raise nearly anything on hostile bytes; `decode` finds the words for it
    except Exception:
        thumb = None
    return thumb or make_thumb(decode(data, max_pixels, gate=gate).image)


def _draft_thumb(data: bytes, max_pixels: int) -> Image.Image | None:
    """The thumbnail of an upright RGB JPEG that is at least twice as large; None for others."""
    if is_cut_short(data):
        return None
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        size = image.size
        if image.format != JPEG or image.mode != "RGB" or min(size) < 2 * THUMB_SIDE:
            return None
        if size[0] * size[1] > max_pixels or _is_turned(image):
            return None
        if "progressive" in image.info:
            # at half the size all detail still shows, and only its last bits do not
            finest = COARSE if min(size) >= 4 * THUMB_SIDE else 63
            image.fp = io.BytesIO(coarse_scans(data, finest))
        return _drafted(image)


def _drafted(image: Image.Image) -> Image.Image:
    size = image.size
    image.draft("RGB", (THUMB_SIDE, THUMB_SIDE))
    image.load()
    return make_thumb(image, size)


def _is_turned(image: Image.Image) -> bool:
    return "exif" in image.info and image.getexif().get(ORIENTATION, 1) != 1


def _skim_part(paths: Sequence[Path], kind: str, max_pixels: int, gate: threading.Lock) -> Skimmed:
    thumbs: dict[Path, Image.Image] = {}
    refused: dict[Path, str] = {}
    for path in paths:
        try:
            thumbs[path] = skim_thumb(read_picture(path), max_pixels, gate)
        except (BadPicture, OSError) as error:
            refused[path] = explain_refusal(error)
    return Skimmed(tuple(thumbs), look_at_thumbs(list(thumbs.values()), kind), refused)
