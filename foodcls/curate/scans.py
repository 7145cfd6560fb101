"""Cuts a progressive JPEG off behind its coarse scans: enough for a thumbnail, in half the time."""

import re

END = b"\xff\xd9"
SEGMENT = re.compile(rb"\xff+([\x01-\xfe])")
# behind a scan's data: a marker that is no stuffed zero and no restart
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
PROGRESSIVE, SCAN = 0xC2, 0xDA
SHORTEST = 8  # bytes of a frame's or a scan's header that are read here
FRAMES = {0xC0, 0xC1, *range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}  # all but progressive
# in zigzag order: what a picture decoded at a quarter of its size or less keeps of a block's 64
COARSE = 5


def coarse_scans(data: bytes, finest: int = COARSE) -> bytes:
    """The file up to its first scan of further bits or of detail beyond `finest`.

    These scans are most of a progressive file, and hardly anything of them reaches a picture that
    is decoded at a fraction of its size. Other files come back as they are. Says nothing of
    whether the rest is whole. A scan's header ends in its first and last coefficient and in which
    bits of them it holds (ITU T.81, annex G).
    """
    colours, place = 0, 2
    with_mean: set[int] = set()
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
        if marker == SCAN:
            first, bits = data[place - 3], data[place - 1]
            if (first > finest or bits >> 4) and len(with_mean) == colours:
                return data[: found.start()] + END
            if first == 0:
                with_mean.update(data[body + 3 : place - 3 : 2])
            behind = NEXT_MARKER.search(data, place)
            if behind is None:
                break
            place = behind.start()
    return data
