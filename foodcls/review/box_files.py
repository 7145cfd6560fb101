"""The boxes of a visit in their files: drawn, proposed by a program, and refused by a person."""

import logging
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pandas as pd

from foodcls.crop.matching import Names
from foodcls.review.boxes import (
    COLUMNS,
    PROPOSED,
    Boxes,
    DrawnBox,
    box_cells,
    read_drawn,
    read_offered,
    write_drawn,
)
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.gallery import Gallery, GalleryItem
from foodcls.review.watched import Watched
from foodcls.store.disk import editing
from foodcls.tables.edit_csv import add_rows, open_sheet, write_sheet

logger = logging.getLogger(__name__)


class BoxFiles:
    """The boxes of each picture, read anew whenever a file has changed."""

    def __init__(
        self, files: ReviewFiles, names: Callable[[], Names], items: Mapping[str, GalleryItem]
    ) -> None:
        self.files = files
        self._drawn = Watched(files.boxes, lambda path: read_drawn(path, names, items))
        self._offered = Watched(files.proposals, lambda path: read_offered(path, names, items))
        self._refused = Watched(files.refused, lambda path: read_offered(path, names, items))

    def editing(self) -> AbstractContextManager[None]:
        """Let nobody else edit the files meanwhile."""
        return editing(self.files.boxes, self.files.proposals, self.files.refused)

    def states(self) -> dict[str, Mapping[str, Boxes]]:
        """The boxes by picture, those drawn and those offered; TableError when one is broken."""
        return {"drawn": self._drawn.read(), "offered": self._offered.read()}

    def read(self) -> Mapping[str, Boxes]:
        """The boxes drawn on each picture, else what is proposed for it."""
        return ChainMap(*self.states().values())  # type: ignore[arg-type]

    def put(self, item: GalleryItem, boxes: Sequence[DrawnBox]) -> tuple[Boxes, Boxes]:
        """Replace the boxes of a picture; those before, and those after."""
        before = self.read().get(item.id, ())
        path, known = self.files.boxes, self._drawn.read().get(item.id, ())
        offered = [box for box in boxes if self._is_offer(box, known)]
        drawn = [box for box in boxes if box not in offered]
        # first: a kill before the proposal goes leaves it to be refused again
        self._put_refused(item, before, boxes)
        if drawn or known:
            write_sheet(write_drawn(open_sheet(path, COLUMNS), item, known, drawn), path)
        # last: what is drawn hides a proposal, so a kill between the two writes loses nothing
        self._put_offered(item, offered)
        return tuple(replace(box, line=0) for box in before), tuple(boxes)

    def _is_offer(self, box: DrawnBox, known: Sequence[DrawnBox]) -> bool:
        """Whether a box belongs into the file of proposals, not among the drawn ones."""
        is_known = any(other.proposed and other.edges == box.edges for other in known)
        return self.files.proposals is not None and box.proposed and not is_known

    def _put_offered(self, item: GalleryItem, offered: Sequence[DrawnBox]) -> None:
        path, known = self.files.proposals, self._offered.read().get(item.id, ())
        if path and (offered or known):
            sheet = open_sheet(path, (*COLUMNS, PROPOSED))
            write_sheet(write_drawn(sheet, item, known, offered), path)

    def _put_refused(
        self, item: GalleryItem, before: Sequence[DrawnBox], boxes: Sequence[DrawnBox]
    ) -> None:
        """Record deleted proposals as refused; one that is proposed again is refused no more."""
        path, known = self.files.refused, self._refused.read().get(item.id, ())
        refused = [] if boxes else [box for box in before if box.proposed]
        if path and (refused or (known and any(box.proposed for box in boxes))):
            sheet = open_sheet(path, (*COLUMNS, PROPOSED))
            write_sheet(write_drawn(sheet, item, known, refused), path)


def import_boxes(manifest: pd.DataFrame, gallery: Gallery, path: Path) -> None:
    """Write the boxes of the last run as a table."""
    rows = manifest[(manifest["box"] != "") & manifest["id"].isin(gallery.items)]
    rows = rows[rows["parent"] == ""].drop_duplicates(["id", "box"])
    cells = []
    for digest, box in zip(rows["id"].tolist(), rows["box"].tolist(), strict=True):
        left, top, right, bottom = map(int, box.split(","))
        cells.append(box_cells(gallery.items[digest], DrawnBox((left, top, right, bottom))))
    write_sheet(add_rows(open_sheet(path, COLUMNS), cells), path)
    logger.info("%s: %d boxes of the last run", path, len(rows))
