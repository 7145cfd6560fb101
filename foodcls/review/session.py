"""One review session: its pictures, and decisions that are written to files at once."""

import logging
import threading
from collections import ChainMap
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import pandas as pd

from foodcls.crop.matching import index_names
from foodcls.recipe.recipe import Recipe
from foodcls.review.boxes import COLUMNS as BOX_COLUMNS
from foodcls.review.boxes import PROPOSED, DrawnBox, read_drawn, read_offered, write_drawn
from foodcls.review.decision_files import ReviewFiles, choose_files
from foodcls.review.decisions import COLUMNS as FILTER_COLUMNS
from foodcls.review.decisions import Verdict, read_verdicts, write_verdicts
from foodcls.review.gallery import Gallery, GalleryItem, build_gallery, read_suspects
from foodcls.review.watched import Watched
from foodcls.tables.edit_csv import editing, open_sheet, write_sheet
from foodcls.tables.manifest_csv import read_manifest
from foodcls.tables.match_rows import index_rows
from foodcls.workspace.workspace import Workspace

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """The state before a change, for undo: verdicts of pictures, or boxes of one."""

    verdicts: Mapping[str, Verdict | None] = field(default_factory=dict)
    boxes: Mapping[str, tuple[DrawnBox, ...]] = field(default_factory=dict)
    # what stood afterwards
    left: Mapping[str, Verdict | None] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """The pictures that changed."""
        return [*self.verdicts, *self.boxes]


class Session:
    """The pictures, their decisions, and the changes of this session; thread-safe.

    Other sessions, and people with a spreadsheet, may change the same files meanwhile.
    """

    def __init__(
        self, gallery: Gallery, manifest: pd.DataFrame, labels: Sequence[str], files: ReviewFiles
    ) -> None:
        # augmented copies bear their parent's address: it would name several pictures
        originals = manifest[manifest["parent"] == ""]
        finder, names = index_rows(originals), cache(partial(index_names, originals))
        self._shown = Watched(
            files.suspects,
            lambda path: (
                build_gallery(manifest, labels, read_suspects(path)) if files.suspects else gallery
            ),
        )
        self.labels = tuple(labels)
        self.files = files
        self._lock = threading.RLock()
        self._changes: list[Change] = []
        self._verdicts = Watched(files.decisions, lambda path: read_verdicts(path, finder, labels))
        self._drawn = Watched(files.boxes, lambda path: read_drawn(path, names, gallery.items))
        self._offered = Watched(
            files.proposals, lambda path: read_offered(path, names, gallery.items)
        )
        self._refused = Watched(
            files.refused, lambda path: read_offered(path, names, gallery.items)
        )

    @property
    def gallery(self) -> Gallery:
        """The pictures, suspects first: those that are ranked by now."""
        with self._lock:
            return self._shown.read()

    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict of each picture that has one; TableError when the file is broken."""
        with self._lock:
            return self._verdicts.read()

    def drawn(self) -> Mapping[str, tuple[DrawnBox, ...]]:
        """The boxes of each picture that has some, else what is proposed for it.

        TableError when a file is broken.
        """
        with self._lock:
            return ChainMap(self._drawn.read(), self._offered.read())

    def by_class(self) -> dict[str, list[GalleryItem]]:
        """The pictures of each class as a person has decided by now, those from elsewhere last."""
        with self._lock:
            gallery, verdicts = self.gallery, self.verdicts()
        stayed: dict[str, list[GalleryItem]] = {label: [] for label in gallery.by_label}
        moved: dict[str, list[GalleryItem]] = {label: [] for label in gallery.by_label}
        for label, items in gallery.by_label.items():
            for item in items:
                now = label_of(item, verdicts.get(item.id))
                (stayed if now == label else moved)[now].append(item)
        return {label: [*stayed[label], *moved[label]] for label in stayed}

    def decide(self, ids: Sequence[str], verdict: Verdict | None) -> None:
        """Write one verdict for these pictures; None removes theirs.

        A verdict without a label leaves each picture in the class to which it belongs by now.
        """
        with self._lock, editing(self.files.decisions):
            items, known = self.gallery.items, self._verdicts.read()
            left = {digest: _of_class(items[digest], known.get(digest), verdict) for digest in ids}
            before = self._put_verdicts(left)
            if self._explains(ids, verdict):
                before = self._changes.pop().verdicts
            self._changes.append(Change(verdicts=before, left=left))

    def draw(self, digest: str, boxes: Sequence[DrawnBox]) -> None:
        """Replace the boxes of a picture."""
        with self._lock, self._editing_boxes():
            self._changes.append(self._put_boxes(digest, boxes))

    def undo(self) -> list[str]:
        """Undo the last change of this session; the ids of its pictures, none at the start.

        A verdict that somebody has changed since stays.
        """
        with self._lock, editing(self.files.decisions), self._editing_boxes():
            if not self._changes:
                return []
            change = self._changes[-1]
            known = self._verdicts.read()
            left = {digest: _plain(verdict) for digest, verdict in change.left.items()}
            same = [name for name in change.verdicts if _plain(known.get(name)) == left[name]]
            self._put_verdicts({digest: change.verdicts[digest] for digest in same})
            for digest, boxes in change.boxes.items():
                self._put_boxes(digest, boxes)
            # after the writing: what could not be written may be undone later
            self._changes.pop()
            return change.ids

    def _explains(self, ids: Sequence[str], verdict: Verdict | None) -> bool:
        """Whether it only gives a reason for the drop before: the two are undone together."""
        last = self._changes[-1] if self._changes else Change()
        both = (verdict, *last.left.values())
        return set(last.verdicts) == set(ids) and all(one and not one.keep for one in both)

    def _editing_boxes(self) -> AbstractContextManager[None]:
        return editing(self.files.boxes, self.files.proposals, self.files.refused)

    def _put_verdicts(self, changes: Mapping[str, Verdict | None]) -> Mapping[str, Verdict | None]:
        """Write these; what stood before."""
        path, known = self.files.decisions, self._verdicts.read()
        if changes:
            write_sheet(write_verdicts(open_sheet(path, FILTER_COLUMNS), known, changes), path)
        return {digest: known.get(digest) for digest in changes}

    def _put_boxes(self, digest: str, boxes: Sequence[DrawnBox]) -> Change:
        item, before = self.gallery.items[digest], self.drawn().get(digest, ())
        path, known = self.files.boxes, self._drawn.read().get(digest, ())
        offered = [box for box in boxes if self._is_offer(box, known)]
        drawn = [box for box in boxes if box not in offered]
        # first: a kill before the proposal goes leaves it to be refused again
        self._put_refused(item, before, boxes)
        if drawn or known:
            write_sheet(write_drawn(open_sheet(path, BOX_COLUMNS), item, known, drawn), path)
        # last: what is drawn hides a proposal, so a kill between the two writes loses nothing
        self._put_offered(item, offered)
        return Change(boxes={digest: tuple(replace(box, line=0) for box in before)})

    def _is_offer(self, box: DrawnBox, known: Sequence[DrawnBox]) -> bool:
        """Whether a box belongs into the file of proposals, not among the drawn ones."""
        is_known = any(other.proposed and other.edges == box.edges for other in known)
        return self.files.proposals is not None and box.proposed and not is_known

    def _put_offered(self, item: GalleryItem, offered: Sequence[DrawnBox]) -> None:
        path, known = self.files.proposals, self._offered.read().get(item.id, ())
        if path and (offered or known):
            sheet = open_sheet(path, (*BOX_COLUMNS, PROPOSED))
            write_sheet(write_drawn(sheet, item, known, offered), path)

    def _put_refused(
        self, item: GalleryItem, before: Sequence[DrawnBox], boxes: Sequence[DrawnBox]
    ) -> None:
        """Record deleted proposals as refused; one that is proposed again is refused no more."""
        path, known = self.files.refused, self._refused.read().get(item.id, ())
        refused = [] if boxes else [box for box in before if box.proposed]
        if path and (refused or (known and any(box.proposed for box in boxes))):
            sheet = open_sheet(path, (*BOX_COLUMNS, PROPOSED))
            write_sheet(write_drawn(sheet, item, known, refused), path)


def label_of(item: GalleryItem, verdict: Verdict | None) -> str:
    """The class to which a picture belongs: as a person decided, else as in the last run."""
    return (verdict.label or item.found_as) if verdict else item.label


def _of_class(item: GalleryItem, before: Verdict | None, verdict: Verdict | None) -> Verdict | None:
    """The verdict as it is written: with a label only where the source has another, or several."""
    if verdict is None:
        return None
    label = verdict.label or label_of(item, before)
    return replace(verdict, label="" if label == item.found_as and not item.rivals else label)


def _plain(verdict: Verdict | None) -> Verdict | None:
    return replace(verdict, lines=()) if verdict else None


def import_boxes(manifest: pd.DataFrame, gallery: Gallery, path: Path) -> None:
    """Write the boxes of the last run as a table."""
    sheet = open_sheet(path, BOX_COLUMNS)
    rows = manifest[(manifest["box"] != "") & manifest["id"].isin(gallery.items)]
    rows = rows[rows["parent"] == ""].drop_duplicates(["id", "box"])
    for digest, box in zip(rows["id"], rows["box"], strict=True):
        left, top, right, bottom = map(int, box.split(","))
        sheet = write_drawn(
            sheet, gallery.items[digest], (), (DrawnBox((left, top, right, bottom)),)
        )
    write_sheet(sheet, path)
    logger.info("%s: %d boxes of the last run", path, len(rows))


def open_session(recipe: Recipe, path: Path, workspace: Workspace) -> Session:
    """Open a workspace for review; TableError when it holds no manifest yet.

    `path` is the recipe's file. Boxes in another tool's format are imported into a table; nothing
    else is written.
    """
    manifest = read_manifest(workspace.manifest)
    suspects = read_suspects(workspace.suspects)
    gallery = build_gallery(manifest, recipe.labels, suspects)
    files, proposals = choose_files(recipe, path), workspace.proposals.resolve()
    files = replace(files, refused=workspace.refused, suspects=workspace.suspects)
    # a recipe may name the proposals themselves as its boxes
    if files.boxes.resolve() != proposals:
        files = replace(files, proposals=proposals)
    if recipe.crop.boxes not in (None, files.boxes) and not files.boxes.exists():
        import_boxes(manifest, gallery, files.boxes)
    session = Session(gallery, manifest, recipe.labels, files)
    # fail on broken tables now, before a page opens
    session.verdicts(), session.drawn()
    return session
