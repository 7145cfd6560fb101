"""Tells whether a picture file is truncated, where Pillow does not tell."""

import io
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

# what libjpeg paints where there is no data; of CMYK, which Pillow inverts, one less
FILLS = {127, 128}
# data that paint something else where some are lacking, also behind the restart marker that comes
# next, and nothing where all are there
JUNK = b"U" * 64 + b"".join(b"\xff%c" % mark + b"U" * 64 for mark in range(0xD0, 0xD8))
JPEG_END = b"\xff\xd9"
SEGMENT = re.compile(rb"\xff+([\x01-\xfe])")
# behind a scan's data: a marker that is no stuffed zero and no restart
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
PROGRESSIVE, SCAN = 0xC2, 0xDA
SHORTEST = 8  # bytes of a frame's or a scan's header that are read here
# first column and row, and steps, of the seven passes of an interlaced PNG (PNG spec, 8.2)
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
LAST_PASS = (0, 1, 1, 2)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def lacks_rows(data: bytes, image: Image.Image, *, is_endless: bool = False) -> bool:
    """Whether a PNG or JPEG that Pillow has loaded ends before its last row.

    `is_endless` is a JPEG that was loaded with an end mark that its file lacks.
    """
    if image.format == "PNG":
        return _png_lacks_rows(data)
    if image.format in ("JPEG", "MPO"):
        return _jpeg_lacks_rows(data, image, is_endless)
    return False


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """A JPEG's segments: the marker of each, and where its marker, length and end are.

    It stops before the end mark, and at a length that cannot be: a decoder will say what is wrong.
    """
    place = 2
    while (found := SEGMENT.match(data, place)) and found[1] != JPEG_END[1:]:
        body = found.end()
        end = body + int.from_bytes(data[body : body + 2])
        if end < body + 2 or max(end, body + SHORTEST) > len(data):
            return
        yield found[1][0], found.start(), body, end
        place = end
        if found[1][0] == SCAN:
            behind = NEXT_MARKER.search(data, end)
            if behind is None:
                return
            place = behind.start()


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind of each chunk of a PNG, and what it holds; checksums are not looked at."""
    place = 8
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        yield kind, data[place + 8 : place + 8 + length]
        place += 12 + length


def is_truncated(data: bytes) -> bool:
    """Whether a file that cannot be read lacks the end that its kind of file has."""
    if data.startswith(b"\xff\xd8"):
        return not data.rstrip(b"\0").endswith(JPEG_END)
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data[-16:]
    if data.startswith(b"GIF8"):
        return not data.endswith(b";")
    if data.startswith(b"RIFF"):
        return len(data) < 12 or len(data) < 8 + struct.unpack("<I", data[4:8])[0]
    if data[4:8] == b"ftyp":
        return _boxes_end(data) > len(data)
    return data.startswith(b"BM") and len(data) < 54


def _png_lacks_rows(data: bytes) -> bool:
    width, height, bits, color, _, _, interlace = struct.unpack(">IIBBBBB", data[16:29])
    depth = bits * CHANNELS.get(color, 4)
    passes = (*PASSES, LAST_PASS) if interlace else ((0, 0, 1, 1),)
    return _inflated_size(data) < sum(_pass_size(width, height, depth, *step) for step in passes)


def _pass_size(width: int, height: int, depth: int, x: int, y: int, dx: int, dy: int) -> int:
    columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
    return rows * (1 + -(-columns * depth // 8)) if columns > 0 and rows > 0 else 0


def _inflated_size(data: bytes) -> int:
    # a megabyte at a time: the whole may be as large as the pixels
    inflate, size = zlib.decompressobj(), 0
    for chunk in (body for kind, body in png_chunks(data) if kind == b"IDAT"):
        while chunk and not inflate.eof:
            size += len(inflate.decompress(chunk, 1 << 20))
            chunk = inflate.unconsumed_tail
    return size + len(inflate.flush())


def _jpeg_lacks_rows(data: bytes, image: Image.Image, is_endless: bool) -> bool:
    if is_endless and _lacks_scans(data):
        return True
    # the last pixel acquits nearly every picture that has its end
    last = image.getpixel((image.width - 1, image.height - 1))
    if not is_endless and not FILLS.issuperset(last if isinstance(last, tuple) else [last]):
        return False
    end = len(data) if is_endless else data.rfind(JPEG_END)
    filled = Image.open(io.BytesIO(data[:end] + JUNK + JPEG_END), formats=["JPEG"])
    try:
        return not np.array_equal(np.asarray(filled), np.asarray(image))
    except OSError:
        return True


def _lacks_scans(data: bytes) -> bool:
    """Whether a progressive JPEG's scans leave out the last bits of a coefficient.

    A scan's header names its colors, its first and last coefficient and in which bits of them it
    holds; the frame's header names all colors (ITU T.81, B.2 and annex G).
    """
    left: dict[int, set[int]] = {}
    for marker, _, body, end in jpeg_segments(data):
        if marker == PROGRESSIVE:
            left = {color: set(range(64)) for color in data[body + 8 : end : 3]}
        if marker == SCAN and not data[end - 1] & 15:
            for color in set(data[body + 3 : end - 3 : 2]) & left.keys():
                left[color] -= set(range(data[end - 3], data[end - 2] + 1))
    return any(left.values())


def _boxes_end(data: bytes) -> int:
    place = 0
    while place + 8 <= len(data):
        size = struct.unpack(">I", data[place : place + 4])[0]
        place += size if size >= 8 else len(data)
    return place
