"""Decides whether boxes lie on a picture as EXIF turns it or as it is stored; turns edges.

Most tools show pictures upright. A file that gives the stored size of a picture which lies sideways
was drawn on the stored pixels, or by a tool that writes that size all the same; a file without
sizes counts as drawn upright, and says so where EXIF turns its photos. Boxes that fit one way only
decide for their whole file.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from foodcls.crop.boxes import Box
from foodcls.crop.formats.raw_box import Edges
from foodcls.crop.units import SizedBox, fits_picture
from foodcls.errors import TableError
from foodcls.image.decode import open_picture
from foodcls.image.upright import find_orientation
from foodcls.store.store import Store

LOG = logging.getLogger(__name__)

# pictures of a file without sizes that are opened to see whether EXIF turns them
LOOKED_AT = 100
# EXIF orientations that make a picture's width its height
SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class Placed:
    """A box, its picture, the rows of that and of its class, and how the picture lies."""

    box: Box
    rows: tuple[int, ...]
    id: str
    size: tuple[int, int]  # of the upright picture
    turn: int = 1  # EXIF's orientation, where the box lies on the stored pixels

    @property
    def sized(self) -> SizedBox:
        """The box in the picture that it was drawn on."""
        is_turned = self.turn in SIDEWAYS
        return SizedBox(self.box.edges, self.size[::-1] if is_turned else self.size)


def settle_turns(
    path: Path, placed: Sequence[Placed], unit: str, setting: str, store: Store
) -> list[Placed]:
    """The boxes with `turn` as `crop.orientation` says or, where that is auto, as the boxes lie.

    TableError when the file gives stored sizes and its boxes do not tell.
    """

    # a picture is opened once for all its boxes
    turn_of = cache(partial(stored_turn, store))

    def turned(item: Placed) -> Placed:
        return replace(item, turn=turn_of(item.id))

    if setting != "auto":
        return [turned(item) if setting == "stored" else replace(item, turn=1) for item in placed]
    sizeless = [item for item in placed if item.box.size == (0, 0) and not item.box.is_upright]
    beyond = any(
        _one_way(item, unit) == "stored" and turned(item).turn in SIDEWAYS for item in sizeless
    )
    doubtful = [turned(item) for item in sizeless] if beyond else []
    doubtful = [item for item in (*placed, *doubtful) if item.turn in SIDEWAYS]
    ways = Counter(_one_way(item, unit) for item in doubtful)
    if doubtful and bool(ways["stored"]) == bool(ways["upright"]):
        raise TableError(
            f"{path}: {len(doubtful)} boxes, the first of {doubtful[0].box.name!r}, are of photos "
            f"that EXIF turns: {ways['upright']} lie only on the upright picture, "
            f"{ways['stored']} only on the stored one, {ways['']} on both; set crop.orientation "
            "to upright or stored, whichever the tool showed"
        )
    if not ways["stored"]:
        _tell_unknown(path, [item.id for item in sizeless], turn_of)
    turns = {id(item.box): item.turn for item in doubtful if ways["stored"]}
    return [replace(item, turn=turns.get(id(item.box), 1)) for item in placed]


def turn_edges(edges: Edges, turn: int, size: tuple[int, int]) -> Edges:
    """Edges on stored pixels of (width, height), as they lie on the picture that EXIF turns."""
    left, top, right, bottom = edges
    width, height = size
    match turn:
        case 2:  # mirrored from side to side
            return width - right, top, width - left, bottom
        case 3:  # upside down
            return width - right, height - bottom, width - left, height - top
        case 4:  # mirrored from top to bottom
            return left, height - bottom, right, height - top
        case 5:  # mirrored along the main diagonal
            return top, left, bottom, right
        case 6:  # a quarter to the right
            return height - bottom, left, height - top, right
        case 7:  # mirrored along the other diagonal
            return height - bottom, width - right, height - top, width - left
        case 8:  # a quarter to the left
            return top, width - right, bottom, width - left
    return edges


def stored_turn(store: Store, digest: str) -> int:
    """EXIF's orientation of the picture as it arrived."""
    with open_picture(store.read(digest)) as image:
        return find_orientation(image)


def _tell_unknown(path: Path, pictures: Sequence[str], turn_of: Callable[[str], int]) -> None:
    """Warn where boxes of no known size lie on photos that EXIF turns."""
    seen = list(dict.fromkeys(pictures))[:LOOKED_AT]
    turned = sum(turn_of(digest) != 1 for digest in seen)
    if turned:
        LOG.warning(
            "%s: EXIF turns %d of the %d pictures looked at, whose sizes the file does not give; "
            "boxes count as drawn on upright pictures, which most tools show: set crop.orientation "
            "to upright, or to stored if the tool showed photos as they are stored",
            *(path, turned, len(seen)),
        )


def _one_way(item: Placed, unit: str) -> str:
    """`upright` or `stored` where the box fits into the picture that way only, else nothing."""
    upright, stored = (
        fits_picture(SizedBox(item.box.edges, size), unit) for size in (item.size, item.size[::-1])
    )
    return "" if upright == stored else "upright" if upright else "stored"
