"""Turns files into fingerprints by draft decoding: each is decoded no finer than needed."""

import io
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, JpegImagePlugin

from foodcls.image.color import to_srgb
from foodcls.image.decode import BadPicture, decode, open_picture
from foodcls.image.files import explain_refusal, read_picture
from foodcls.image.hashes import (
    DRAFT_SIDE,
    Fingerprints,
    fingerprint_drafts,
    join_fingerprints,
    make_draft,
)
from foodcls.image.truncation import JPEG_END, PROGRESSIVE, SCAN, is_truncated, jpeg_segments
from foodcls.image.upright import find_orientation
from foodcls.progress import Track, silent

JPEG = JpegImagePlugin.JpegImageFile.format
# files that a thread takes at once, and hashes together: 32 to 192 take the same time
TOGETHER = 64

TABLES = 0xDB
FRAMES = {0xC0, 0xC1, *range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}  # all but progressive
# in zigzag order: what a picture decoded at a quarter of its size or less keeps of a block's 64
COARSE = 5
# the place of a coefficient that no brightness decoded at a quarter of its size or less is made of
NEEDLESS = 7


@dataclass(frozen=True)
class FileFingerprints:
    """The files that could be read, with their fingerprints, and those that could not."""

    paths: tuple[Path, ...]
    prints: Fingerprints
    refused: Mapping[Path, str]  # with what is wrong


def fingerprint_files(
    paths: Sequence[Path], kind: str, max_pixels: int, track: Track = silent
) -> FileFingerprints:
    """Fingerprints of many files, in threads; `kind` is a key of hashes.HASHES.

    A JPEG is decoded at a fraction of its size, of a progressive one only the coarse scans. Such
    fingerprints differ a little from those of decoded pictures: compare them with each other
    only. Whether a file is truncated is not judged; `inspect` does that.
    """
    gate = threading.Lock()
    parts = [paths[start : start + TOGETHER] for start in range(0, len(paths), TOGETHER)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        scanned = pool.map(lambda part: _fingerprint_part(part, kind, max_pixels, gate), parts)
        seen = list(track(scanned, len(parts), "fingerprint"))
    return FileFingerprints(
        tuple(path for part in seen for path in part.paths),
        join_fingerprints(part.prints for part in seen),
        {path: reason for part in seen for path, reason in part.refused.items()},
    )


def decode_draft(
    data: bytes, max_pixels: int, gate: AbstractContextManager[object] | None = None
) -> Image.Image:
    """A picture file's 64x64 draft, see `make_draft`; BadPicture when it cannot be decoded."""
    try:
        draft = _decode_jpeg(data, max_pixels)
    # Pillow's decoders raise nearly anything on hostile bytes; `decode` finds the words for it
    except Exception:
        draft = None
    return draft or make_draft(decode(data, max_pixels, gate=gate).image)


def _decode_jpeg(data: bytes, max_pixels: int) -> Image.Image | None:
    """The draft of an upright RGB JPEG that is at least twice as large; None for others."""
    if is_truncated(data):
        return None
    with open_picture(data) as image:
        size = image.size
        if image.format != JPEG or image.mode != "RGB" or min(size) < 2 * DRAFT_SIDE:
            return None
        is_turned = "exif" in image.info and find_orientation(image) != 1
        if size[0] * size[1] > max_pixels or is_turned:
            return None
        if "progressive" in image.info:
            # at half the size all detail still shows, and only its last bits do not
            finest = COARSE if min(size) >= 4 * DRAFT_SIDE else 63
            image.fp = io.BytesIO(coarse_scans(data, finest))
        return _decode_scaled(image)


def _decode_scaled(image: Image.Image) -> Image.Image:
    size = image.size
    image.draft("RGB", (DRAFT_SIDE, DRAFT_SIDE))
    image.load()
    draft, profile = make_draft(image, size), image.info.get("icc_profile")
    return to_srgb(draft, profile)[0] if profile else draft


def _fingerprint_part(
    paths: Sequence[Path], kind: str, max_pixels: int, gate: threading.Lock
) -> FileFingerprints:
    drafts: dict[Path, Image.Image] = {}
    refused: dict[Path, str] = {}
    for path in paths:
        try:
            drafts[path] = decode_draft(read_picture(path), max_pixels, gate)
        except (BadPicture, OSError) as error:
            refused[path] = explain_refusal(error)
    return FileFingerprints(tuple(drafts), fingerprint_drafts(list(drafts.values()), kind), refused)


def coarse_scans(data: bytes, finest: int = COARSE) -> bytes:
    """A progressive JPEG up to its first scan of further bits or of detail beyond `finest`.

    These scans are most of a progressive file, and hardly anything of them reaches a picture that
    is decoded at a fraction of its size. Nor does anything of libjpeg's smoothing of what the scans
    leave out, nearly half of the time that they take: cut at COARSE it is left off. Other files
    come back as they are. Whether the rest is complete is not judged. A scan's header ends in its
    first and last coefficient and in which bits of them it holds (ITU T.81, annex G).
    """
    colors = 0
    with_mean: set[int] = set()
    steps: list[int] = []
    for marker, start, body, end in jpeg_segments(data):
        if marker in FRAMES:
            break
        if marker == PROGRESSIVE:
            colors = data[body + 7]
        if marker == TABLES and finest < NEEDLESS:
            steps += _needless_steps(data, body + 2, end)
        if marker == SCAN:
            first, bits = data[end - 3], data[end - 1]
            if (first > finest or bits >> 4) and len(with_mean) == colors:
                return _zeroed(data[:start], steps) + JPEG_END
            if first == 0:
                with_mean.update(data[body + 3 : end - 3 : 2])
    return data


def _needless_steps(data: bytes, start: int, stop: int) -> Iterator[int]:
    """Where each table of quantization steps has the one of the needless coefficient.

    libjpeg smooths nothing where one of the steps from 0 to 9 is 0.
    """
    while start < stop:
        width = 2 if data[start] >> 4 else 1
        first = start + 1 + width * NEEDLESS
        yield from range(first, min(first + width, stop))
        start += 1 + 64 * width


def _zeroed(data: bytes, places: Iterable[int]) -> bytes:
    changed = bytearray(data)
    for place in places:
        changed[place] = 0
    return bytes(changed)
