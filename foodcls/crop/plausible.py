"""Checks whether a box file as a whole is plausible: what is not stops the run, or is a warning."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from foodcls.crop.boxes import UNKNOWN_CLASS, Box, describe_problems
from foodcls.crop.formats.label_studio import OLDER
from foodcls.crop.placement import ANOTHER_DISH, DROPPED
from foodcls.crop.turns import Placed
from foodcls.crop.units import fits_picture
from foodcls.errors import TableError
from foodcls.tables.read_csv import Problem

logger = logging.getLogger(__name__)

NOT_ACCEPTED = "proposed, not accepted"
# a file is not wrong that was drawn for more classes
OTHERS = (DROPPED, UNKNOWN_CLASS, ANOTHER_DISH)
FEW = 0.02  # of the boxes may reach beyond their pictures unsaid
CORNERS = "they may be corners as well: set crop.format to tfod_csv if they are, else to xywh_csv"


def check_share(
    path: Path, placed: int, problems: Sequence[Problem], manifest: pd.DataFrame
) -> None:
    """TableError where no box of a file finds its picture, a warning where fewer than half do.

    A warning, too, where none counts: a tool may have exported what was painted, or nothing.
    """
    counted = [item for item in problems if not item.reason.startswith((NOT_ACCEPTED, OLDER))]
    found = placed + sum(item.reason.startswith(DROPPED) for item in counted)
    lost = [item for item in counted if not item.reason.startswith(OTHERS)]
    if not found and not counted:
        logger.warning(
            "%s: no box of it counts, so all pictures stay whole; draw or accept some with "
            "`foodcls review`, or take crop.boxes out of the recipe",
            path,
        )
    if found and len(lost) <= found or not counted:
        return
    count = found + len(lost if found else counted)
    message = (
        f"{path}: {found} of {count} boxes find their picture; those of this run are called, e.g., "
        f"{manifest['origin'].iloc[0]!r}\n{describe_problems(lost if found else counted)}\nname "
        "pictures and classes in the file as the run does, or take crop.boxes out of the recipe"
    )
    if not found:
        raise TableError(message)
    logger.warning("%s", message)


def check_beyond(path: Path, placed: Sequence[Placed], unit: str, *, is_open: bool) -> None:
    """Warn where more than a few boxes reach beyond their pictures, at whose edge they are cut.

    TableError where they come from lists of four numbers that may all be corners as well.
    """
    beyond = [item for item in placed if not fits_picture(item.sized, unit)]
    is_open = is_open and all(_may_be_corners(item.box) for item in placed)
    if len(beyond) <= FEW * len(placed):
        if placed and is_open:
            logger.warning("%s: lists bbox are read as x, y, width, height; %s", path, CORNERS)
        return
    first, box = beyond[0].sized, beyond[0].box
    edges = ", ".join(f"{edge:g}" for edge in first.edges)
    message = (
        f"{path}: {len(beyond)} of {len(placed)} boxes reach beyond their pictures, the first of "
        f"{box.name[:80]!r} (xmin, ymin, xmax, ymax are {edges}, in {first.size})"
    )
    if is_open:
        raise TableError(f"{message}; {CORNERS}")
    logger.warning(
        "%s, and are cut at the edge; if that is wrong, the file has corners where its format has "
        "sides, or was drawn on pictures of another size",
        message,
    )


def _may_be_corners(box: Box) -> bool:
    """Whether what was read as a corner and sides is two corners, one below the other, as well."""
    left, top, right, bottom = box.edges
    return right - left > left and bottom - top > top
