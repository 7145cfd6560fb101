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


@dataclass(frozen=True, slots=True)
class _Said:
    """What this visit decided last of a picture."""

    verdict: Verdict | None
    earlier: tuple[Verdict | None, ...]  # what stood there before each of its decisions
    number: int  # of the change

    def is_in(self, known: Verdicts, digest: str) -> bool:
        """Whether the file was written after the decision: before, it had no such verdict."""
        return known.get(digest) == self.verdict and self.verdict not in self.earlier


class Journal:
    """What this visit has decided, by picture: so that it shows when another program undoes it.

    A spreadsheet that was opened before writes what it knows over the whole file: what was decided
    since is as before. Where something that was decided later stands, somebody meant it.
    """

    def __init__(self) -> None:
        self._said: dict[str, _Said] = {}
        self._lost: set[str] = set()
        self._number = 0

    def record(self, change: Change) -> None:
        """Remember what stands now, and what stood there before."""
        self._number += 1
        for digest, verdict in change.after.items():
            last = self._said.get(digest)
            earlier = (*(last.earlier if last else ()), change.before[digest])
            self._said[digest] = _Said(verdict, earlier, self._number)
            self._lost.discard(digest)

    def lost(self, known: Verdicts) -> dict[str, Verdict | None]:
        """What was decided and is as before again, by picture; `known` are the file's verdicts.

        Ask before deciding more: a later decision that stands hides what was lost before it.
        """
        standing = (one.number for name, one in self._said.items() if one.is_in(known, name))
        newest = max(standing, default=0)
        found = {
            name: one.verdict
            for name, one in self._said.items()
            if known.get(name) != one.verdict
            and known.get(name) in one.earlier
            and (name in self._lost or one.number > newest)
        }
        self._lost = set(found)
        return found

    def forget(self, ids: Iterable[str]) -> None:
        """Let these pictures be as they are."""
        for digest in ids:
            self._said.pop(digest, None)


def merge_boxes(
    now: Sequence[DrawnBox], seen: Sequence[DrawnBox], wanted: Sequence[DrawnBox]
) -> Boxes:
    """The boxes `now` after the change from `seen` to `wanted`: what others drew stays."""
    kept = [box for box in now if box not in seen or box in wanted]
    added = [box for box in wanted if box not in seen]
    return tuple(dict.fromkeys((*kept, *added)))


def explains(last: Change, change: Change) -> bool:
    """Whether it only gives a reason for the drop before: the two are undone together."""
    both = (*change.before.values(), *change.after.values())
    return change.before == last.after and all(one and not one.keep for one in both)


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


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    changed = [name for name, value in new.items() if old.get(name) != value]
    return sorted([*changed, *(name for name in old if name not in new)])
