"""One review session: its pictures, and decisions that are written to files at once."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pandas as pd

from foodcls.crop.matching import index_names
from foodcls.recipe.recipe import Recipe
from foodcls.review.box_files import BoxFiles, import_boxes
from foodcls.review.boxes import Boxes, DrawnBox
from foodcls.review.changes import (
    Change,
    ChangeLog,
    Journal,
    News,
    Verdicts,
    explains,
    in_class,
    is_shown,
    label_of,
    merge_boxes,
)
from foodcls.review.decision_files import ReviewFiles, choose_files
from foodcls.review.decisions import COLUMNS as FILTER_COLUMNS
from foodcls.review.decisions import Verdict, VerdictReader, write_verdicts
from foodcls.review.gallery import COLUMNS, Gallery, GalleryItem, build_gallery, read_suspects
from foodcls.review.watched import Watched
from foodcls.store.disk import editing
from foodcls.tables.edit_csv import open_sheet, write_sheet
from foodcls.tables.manifest_csv import read_manifest
from foodcls.tables.match_rows import index_rows
from foodcls.workspace.workspace import Workspace


class Session:
    """The pictures, their decisions, and the changes of this session; thread-safe.

    Other sessions, and people with a spreadsheet, may change the same files meanwhile.
    """

    def __init__(
        self,
        manifest: pd.DataFrame,
        labels: Sequence[str],
        files: ReviewFiles,
        annotator: str = "",
    ) -> None:
        # augmented copies bear their parent's address: it would name several pictures
        originals = manifest[manifest["parent"] == ""]
        finder, names = index_rows(originals), cache(partial(index_names, originals))
        self._shown = Watched(
            files.suspects, lambda path: build_gallery(originals, labels, read_suspects(path))
        )
        self.labels = tuple(labels)
        self.files = files
        self.annotator = annotator
        self._lock = threading.RLock()
        self._changes: dict[str, list[Change]] = defaultdict(list)  # by page
        self._verdicts = Watched(files.decisions, VerdictReader(finder, labels).read)
        self._boxes = BoxFiles(files, names, self._shown.read().items)
        self._log, self._journal = ChangeLog(), Journal()

    @property
    def gallery(self) -> Gallery:
        """The pictures, suspects first: those that are ranked by now."""
        with self._lock:
            return self._shown.read()

    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict of each picture that has one; TableError when the file is broken."""
        with self._lock:
            return self._verdicts.read()

    def drawn(self) -> Mapping[str, Boxes]:
        """The boxes of each picture that has some, else what is proposed for it.

        TableError when a file is broken.
        """
        with self._lock:
            return self._boxes.read()

    def home_of(self, item: GalleryItem) -> str:
        """The class in which the page would show a picture of which nothing is decided."""
        return item.label

    def place_of(self, item: GalleryItem, verdict: Verdict | None) -> str:
        """The class in which the page shows a picture by now."""
        now = label_of(item, verdict)
        # it may have been found as a class that the recipe has no more
        return now if now in self.labels else item.label

    def pictures_of(self, label: str) -> list[GalleryItem]:
        """The pictures of a class as a person has decided by now, those from elsewhere last."""
        with self._lock:
            gallery, verdicts = self.gallery, self.verdicts()
        own, items = gallery.by_label[label], gallery.items
        stayed = [one for one in own if self.place_of(one, verdicts.get(one.id)) == label]
        decided = [(items[name], verdict) for name, verdict in verdicts.items() if name in items]
        moved = [one for one, verdict in decided
                 if self.home_of(one) != label == self.place_of(one, verdict)]  # fmt: skip
        return [*stayed, *moved]

    def decide(
        self,
        ids: Sequence[str],
        verdict: Verdict | None,
        seen: Verdicts | None = None,
        page: str = "",
    ) -> list[str]:
        """Write one verdict for these pictures; None removes theirs.

        `seen` are the verdicts that the page showed, with the class that it showed as label: a
        picture of which somebody has decided otherwise meanwhile stays, and its id is returned. A
        verdict without a label leaves each picture in the class to which it belongs by now.
        """
        return self.decide_each(dict.fromkeys(ids, verdict), seen, page)

    def decide_each(
        self, verdicts: Verdicts, seen: Verdicts | None = None, page: str = ""
    ) -> list[str]:
        """Write a verdict for each of these pictures, as `decide` does; one undo takes all back."""
        with self._lock, editing(self.files.decisions):
            items, known = self.gallery.items, self._verdicts.read()
            late: list[str] = []
            after: dict[str, Verdict | None] = {}
            for digest, verdict in verdicts.items():
                item, now = items[digest], known.get(digest)
                if seen is not None and not is_shown(item, now, seen.get(digest)):
                    late.append(digest)
                    continue
                signed = replace(verdict, annotator=self.annotator) if verdict else None
                after[digest] = in_class(item, now, signed)
            change, done = Change(self._put_verdicts(after, page), after), self._changes[page]
            if done and after and explains(done[-1], change):
                change = Change(done.pop().before, after)
            if after:
                done.append(change)
            return late

    def draw(
        self,
        digest: str,
        boxes: Sequence[DrawnBox],
        seen: Sequence[DrawnBox] | None = None,
        page: str = "",
    ) -> None:
        """Replace the boxes of a picture; of the boxes `seen` alone, where these are given."""
        with self._lock, self._boxes.editing():
            now = self._boxes.read().get(digest, ())
            wanted = boxes if seen is None else merge_boxes(now, seen, boxes)
            self._changes[page].append(
                Change(boxes={digest: self._put_boxes(digest, wanted, page)})
            )

    def undo(self, page: str = "") -> tuple[list[str], list[str]]:
        """Undo the last change of a page: the ids of its pictures, and of those that stay.

        A verdict that somebody has changed since stays, and so do boxes that others have drawn.
        """
        with self._lock, editing(self.files.decisions), self._boxes.editing():
            if not self._changes[page]:
                return [], []
            change = self._changes[page][-1]
            known = self._verdicts.read()
            back = {name: change.before[name] for name, verdict in change.after.items()
                    if known.get(name) == verdict}  # fmt: skip
            self._put_verdicts(back, page)
            for digest, (before, after) in change.boxes.items():
                now = self._boxes.read().get(digest, ())
                self._put_boxes(digest, merge_boxes(now, after, before), page)
            # after the writing: what could not be written may be undone later
            self._changes[page].pop()
            return change.ids, [name for name in change.after if name not in back]

    def news(self, since: int, page: str = "") -> News:
        """What others than this page have changed after the change number `since`."""
        with self._lock:
            known = self._verdicts.read()
            self._log.note("verdicts", known)
            self._log.note("suspects", self.gallery.items)
            self._note_boxes()
            lost = self._journal.lost(known)
            return News(*self._log.since(since, page), len(lost))

    def restore(self, page: str = "") -> list[str]:
        """Decide again what another program has overwritten with what stood before; the ids."""
        with self._lock, editing(self.files.decisions):
            after = self._journal.lost(self._verdicts.read())
            if after:
                self._changes[page].append(Change(self._put_verdicts(after, page), after))
            return list(after)

    def give_up(self) -> None:
        """Leave what another program has overwritten as it is."""
        with self._lock:
            self._journal.forget(self._journal.lost(self._verdicts.read()))

    def _note_boxes(self, page: str = "") -> None:
        for kind, state in self._boxes.states().items():
            self._log.note(kind, state, page)

    def _put_verdicts(self, changes: Verdicts, page: str) -> Verdicts:
        """Write these verdicts; give what stood before."""
        path, known = self.files.decisions, self._verdicts.read()
        if not changes:
            return {}
        self._log.note("verdicts", known)
        self._journal.lost(known)
        write_sheet(write_verdicts(open_sheet(path, FILTER_COLUMNS), known, changes), path)
        self._log.note("verdicts", self._verdicts.read(), page)
        before = {digest: known.get(digest) for digest in changes}
        self._journal.record(Change(before, changes))
        return before

    def _put_boxes(self, digest: str, boxes: Sequence[DrawnBox], page: str) -> tuple[Boxes, Boxes]:
        """Write the boxes of a picture; give those before and after."""
        self._note_boxes()
        change = self._boxes.put(self.gallery.items[digest], boxes)
        self._note_boxes(page)
        return change


def open_session(recipe: Recipe, path: Path, workspace: Workspace, annotator: str = "") -> Session:
    """Open a workspace for review; TableError when it holds no manifest yet.

    `path` is the recipe's file; decisions are signed by the `annotator`, if one is given. Boxes in
    another tool's format are imported into a table; nothing else is written.
    """
    manifest = read_manifest(workspace.manifest, COLUMNS)
    files, proposals = choose_files(recipe, path), workspace.proposals.resolve()
    files = replace(
        files,
        refused=workspace.refused,
        suspects=workspace.suspects,
        likeness=workspace.likeness,
        layout=workspace.layout,
    )
    # a recipe may name the proposals themselves as its boxes
    if files.boxes.resolve() != proposals:
        files = replace(files, proposals=proposals)
    session = Session(manifest, recipe.labels, files, annotator)
    if recipe.crop.boxes not in (None, files.boxes) and not files.boxes.exists():
        import_boxes(manifest, session.gallery, files.boxes)
    # fail on broken tables now, before a page opens
    session.verdicts(), session.drawn()
    return session
