"""Cuts a progressive JPEG off behind its coarse scans: enough for a thumbnail, in half the time."""

import re
from collections.abc import Iterable, Iterator

END = b"\xff\xd9"
SEGMENT = re.compile(rb"\xff+([\x01-\xfe])")
# behind a scan's data: a marker that is no stuffed zero and no restart
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
PROGRESSIVE, SCAN, TABLES = 0xC2, 0xDA, 0xDB
SHORTEST = 8  # bytes of a frame's or a scan's header that are read here
FRAMES = {0xC0, 0xC1, *range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}  # all but progressive
# in zigzag order: what a picture decoded at a quarter of its size or less keeps of a block's 64
COARSE = 5
# the place of a coefficient that no brightness decoded at a quarter of its size or less is made of
NEEDLESS = 7


def coarse_scans(data: bytes, finest: int = COARSE) -> bytes:
    """The file up to its first scan of further bits or of detail beyond `finest`.

    These scans are most of a progressive file, and hardly anything of them reaches a picture that
    is decoded at a fraction of its size. Nor does anything of libjpeg's smoothing of what the scans
    leave out, nearly half of the time that they take: cut at COARSE it is left off. Other files
    come back as they are. Says nothing of whether the rest is whole. A scan's header ends in its
    first and last coefficient and in which bits of them it holds (ITU T.81, annex G).
    """
    colours, place = 0, 2
    with_mean: set[int] = set()
    steps: list[int] = []
    while found := SEGMENT.match(data, place):
        marker, body = found[1][0], found.end()
        if marker in FRAMES or marker == END[1]:
            break
        place = body + int.from_bytes(data[body : body + 2])
        # a length that cannot be: the decoder will say what is wrong
        if place < body + 2 or max(place, body + SHORTEST) > len(data):
            break
        if marker == PROGRESSIVE:
            colours = data[body + 7]
        if marker == TABLES and finest < NEEDLESS:
            steps += _needless_steps(data, body + 2, place)
        if marker == SCAN:
            first, bits = data[place - 3], data[place - 1]
            if (first > finest or bits >> 4) and len(with_mean) == colours:
                return _zeroed(data[: found.start()], steps) + END
            if first == 0:
                with_mean.update(data[body + 3 : place - 3 : 2])
            behind = NEXT_MARKER.search(data, place)
            if behind is None:
                break
            place = behind.start()
    return data


def _needless_steps(data: bytes, start: int, stop: int) -> Iterator[int]:
    """Where each table of quantisation steps has the one of the needless coefficient.

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
