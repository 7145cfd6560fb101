"""What the pages of a visit change, for undo, and what others change in the files meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from foodcls.review.boxes import Boxes, DrawnBox
from foodcls.review.decisions import Verdict, plain_reason
from foodcls.review.gallery import GalleryItem

Verdicts = Mapping[str, Verdict | None]


@dataclass(frozen=True)
class Change:
    """What one gesture changed, by picture: verdicts, or boxes; each before and after."""

    before: Verdicts = field(default_factory=dict)
    after: Verdicts = field(default_factory=dict)
    boxes: Mapping[str, tuple[Boxes, Boxes]] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """The pictures that changed."""
        return [*self.before, *self.boxes]


@dataclass(frozen=True)
class News:
    """What others have changed since a page last asked."""

    number: int  # of the last change: the page asks from here on
    ids: tuple[str, ...]  # of pictures
    lost: int  # decisions of this visit in whose place the file says again what stood before


class ChangeLog:
    """The pictures that changed, in order, with the page that changed them."""

    def __init__(self) -> None:
        self._states: dict[str, Mapping[str, object]] = {}
        self._entries: list[tuple[str, tuple[str, ...]]] = []

    def note(self, kind: str, state: Mapping[str, object], page: str = "") -> None:
        """Note how a kind of state, by picture, differs from the last one: changed by `page`.

        No page: by somebody else.
        """
        last = self._states.get(kind)
        self._states[kind] = state
        ids = _differing(last, state) if last is not None and last is not state else []
        if ids:
            self._entries.append((page, tuple(ids)))

    def since(self, number: int, page: str) -> tuple[int, tuple[str, ...]]:
        """The number of the last change, and what others than `page` changed after `number`."""
        foreign = (ids for who, ids in self._entries[max(0, number) :] if who != page)
        return len(self._entries), tuple(dict.fromkeys(name for ids in foreign for name in ids))


class Journal:
    """What this visit has decided, by picture: so that it shows when another program undoes it.

    A spreadsheet that was opened before writes what it knows over the whole file.
    """

    def __init__(self) -> None:
        self._said: dict[str, tuple[tuple[Verdict | None, ...], Verdict | None]] = {}

    def record(self, change: Change) -> None:
        """Remember what stands now, and what stood there before."""
        for digest, verdict in change.after.items():
            earlier, _ = self._said.get(digest, ((), None))
            before = plain(change.before[digest])
            self._said[digest] = ((*earlier, before), plain(verdict))

    def lost(self, known: Verdicts) -> dict[str, Verdict | None]:
        """What was decided and is as before again, by picture; `known` are the file's verdicts."""
        found = {}
        for digest, (earlier, verdict) in self._said.items():
            now = plain(known.get(digest))
            if now != verdict and now in earlier:
                found[digest] = verdict
        return found

    def forget(self, ids: Iterable[str]) -> None:
        """Let these pictures be as they are."""
        for digest in ids:
            self._said.pop(digest, None)


def merge_boxes(
    now: Sequence[DrawnBox], seen: Sequence[DrawnBox], wanted: Sequence[DrawnBox]
) -> Boxes:
    """The boxes `now` after the change from `seen` to `wanted`: what others drew stays."""
    known, stay = {_key(box) for box in seen}, {_key(box) for box in wanted}
    kept = [box for box in now if _key(box) not in known or _key(box) in stay]
    added = [box for box in wanted if _key(box) not in known]
    return tuple({_key(box): box for box in (*kept, *added)}.values())


def explains(last: Change, after: Verdicts) -> bool:
    """Whether it only gives a reason for the drop before: the two are undone together."""
    both = (*after.values(), *last.after.values())
    return set(last.before) == set(after) and all(one and not one.keep for one in both)


def is_shown(item: GalleryItem, verdict: Verdict | None, seen: Verdict | None) -> bool:
    """Whether the verdict is the one that a page showed, with the class that it showed as label."""
    if verdict is None or seen is None:
        return verdict is seen
    reasons = {plain_reason(verdict.reason), plain_reason(seen.reason)}
    return verdict.keep == seen.keep and len(reasons) == 1 and label_of(item, verdict) == seen.label


def label_of(item: GalleryItem, verdict: Verdict | None) -> str:
    """The class to which a picture belongs: as a person decided, else as in the last run."""
    return (verdict.label or item.found_as) if verdict else item.label


def in_class(item: GalleryItem, before: Verdict | None, verdict: Verdict | None) -> Verdict | None:
    """The verdict as it is written: with a label only where the source has another, or several."""
    if verdict is None:
        return None
    label = verdict.label or label_of(item, before)
    return replace(verdict, label="" if label == item.found_as and not item.names_class else label)


def plain(verdict: Verdict | None) -> Verdict | None:
    """The verdict without the lines that hold it: to be compared."""
    return replace(verdict, lines=()) if verdict else None


def _key(box: DrawnBox) -> tuple[tuple[int, int, int, int], bool]:
    return box.edges, box.proposed


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    names = sorted(old.keys() | new.keys())
    return [name for name in names if _said(old.get(name)) != _said(new.get(name))]


def _said(value: object) -> object:
    """A verdict or boxes without their lines in the file."""
    if isinstance(value, Verdict):
        return plain(value)
    return {_key(box) for box in value} if isinstance(value, tuple) else None
