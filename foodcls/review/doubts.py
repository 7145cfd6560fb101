"""What to look at next, and as JSON: the most doubtful pictures, look-alikes, a chance sample."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy.special import betaincinv

from foodcls.errors import InputError
from foodcls.evaluate.likeness import Likeness, load_likeness
from foodcls.metrics.ranks import Ints
from foodcls.review.api import BadRequest, Json, show_pictures
from foodcls.review.changes import label_of
from foodcls.review.gallery import Gallery, GalleryItem
from foodcls.review.live_order import LEFT, STRANGER, Kind, judge_doubts, next_group
from foodcls.review.session import Session
from foodcls.review.watched import time_and_size

# of what is left: below this share of wrong pictures, cleaning is probably done
ENOUGH = 0.02
NO_LIKENESS = "nothing is known of what looks alike; run `foodcls suspects` first"


@dataclass(frozen=True)
class DoubtfulBatch:
    """Pictures to decide on together."""

    kind: Kind  # what probably holds for most: drop, relabel, or look at each
    items: tuple[GalleryItem, ...]
    guesses: dict[str, str]  # by id, another class that it shows rather than none at all
    left: int  # undecided pictures, these among them


@dataclass(frozen=True)
class Remaining:
    """How many of the pictures that nobody has looked at are wrong, by a chance sample."""

    looked: int  # pictures of the sample that are decided
    wrong: int  # of those dropped or moved to another class
    left: int  # undecided pictures outside of the sample
    low: float  # 95 % interval of the share of wrong ones in the whole (Clopper and Pearson 1934)
    high: float

    @property
    def is_done(self) -> bool:
        """Whether fewer than 2 % of what is left are probably wrong."""
        return self.left == 0 or self.high < ENOUGH


@dataclass(frozen=True)
class _Known:
    """The pictures of a gallery that the likeness knows, as arrays (N,)."""

    gallery: Gallery
    likeness: Likeness
    given: Ints  # the class of the last run; -1 for what the gallery does not show


class Doubts:
    """Orders the pictures of a session by its decisions; thread-safe."""

    def __init__(self, session: Session) -> None:
        self.session = session
        # one thread computes for all: each keeps what memory it has once taken, here 20 MB
        self._worker = ThreadPoolExecutor(1)
        self._signature: object = None
        self._known: _Known | None = None
        self._random = np.random.default_rng()
        self._sample: list[str] = []
        self._drawn_of: frozenset[str] = frozenset()  # undecided when the sample was drawn

    def next_batch(self, size: int) -> DoubtfulBatch:
        """The most doubtful pictures; InputError when it is not known what looks alike."""
        return self._worker.submit(self._next_batch, size).result()

    def alike(self, digest: str, count: int) -> list[GalleryItem]:
        """The pictures of any class that look most like this one, itself first; InputError."""
        return self._worker.submit(self._alike, digest, count).result()

    def draw_sample(self, size: int) -> list[GalleryItem]:
        """Up to `size` undecided pictures by chance, from all that were undecided at the start.

        Where a picture outside of the sample was decided meanwhile, a new sample begins: what is
        left then is another whole.
        """
        return self._worker.submit(self._draw_sample, size).result()

    def remaining(self) -> Remaining:
        """What the sample says by now."""
        return self._worker.submit(self._remaining).result()

    def _next_batch(self, size: int) -> DoubtfulBatch:
        known = self._read()
        decided = self._decided(known)
        left = np.flatnonzero((decided == LEFT) & (known.given >= 0))
        doubt = judge_doubts(known.likeness, known.given, decided)
        group = next_group(doubt, left, size)
        labels, ids = known.likeness.labels, known.likeness.ids
        items = tuple(known.gallery.items[ids[place]] for place in group.places)
        elsewhere = group.places[doubt.moved[group.places] > doubt.stranger[group.places]]
        guesses = {ids[place]: labels[doubt.guess[place]] for place in elsewhere}
        return DoubtfulBatch(group.kind, items, guesses, len(left))

    def _alike(self, digest: str, count: int) -> list[GalleryItem]:
        known = self._read()
        items = known.gallery.items
        if digest not in known.likeness.places:
            raise InputError(f"this picture is new since the last ranking: {NO_LIKENESS}")
        # some of the nearest may be shown no more
        near = known.likeness.nearest(digest, count * 2)
        return [items[name] for name in near if name in items][:count]

    def _draw_sample(self, size: int) -> list[GalleryItem]:
        items, verdicts = self.session.gallery.items, self.session.verdicts()
        undecided = [name for name in items if name not in verdicts]
        if set(undecided) | set(self._sample) != self._drawn_of | set(self._sample):
            self._sample, self._drawn_of = [], frozenset(undecided)
        waiting = [name for name in self._sample if name not in verdicts]
        fresh = sorted(self._drawn_of - set(self._sample))
        wanted = min(max(0, size - len(waiting)), len(fresh))
        chosen = self._random.permutation(len(fresh))[:wanted]
        self._sample += [fresh[place] for place in chosen]
        shown = [*waiting, *(fresh[place] for place in chosen)]
        return [items[name] for name in shown[:size]]

    def _remaining(self) -> Remaining:
        items, verdicts = self.session.gallery.items, self.session.verdicts()
        told = [(items[name], verdicts[name]) for name in self._sample if name in verdicts]
        left = sum(name not in verdicts for name in self._drawn_of - set(self._sample))
        wrong = sum(not one.keep or label_of(item, one) != item.label for item, one in told)
        return Remaining(len(told), wrong, left, *share_interval(wrong, len(told)))

    def _read(self) -> _Known:
        path, gallery = self.session.files.likeness, self.session.gallery
        signature = time_and_size(path), id(gallery)
        if signature != self._signature:
            likeness = load_likeness(path, self.session.labels) if path else None
            self._known = _match(gallery, likeness) if likeness else None
            self._signature = signature
        if self._known is None:
            raise InputError(NO_LIKENESS)
        return self._known

    def _decided(self, known: _Known) -> Ints:
        """The decisions as `judge_doubts` takes them, (N,)."""
        decided = np.full(len(known.given), LEFT)
        labels = {label: place for place, label in enumerate(known.likeness.labels)}
        for name, verdict in self.session.verdicts().items():
            place, item = known.likeness.places.get(name), known.gallery.items.get(name)
            if place is not None and item is not None:
                now = labels.get(label_of(item, verdict), labels[item.label])
                decided[place] = now if verdict.keep else STRANGER
        return decided


def share_interval(count: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share; 0 to 1 where n is 0."""
    low = float(betaincinv(count, n - count + 1, 0.025)) if count else 0.0
    high = float(betaincinv(count + 1, n - count, 0.975)) if count < n else 1.0
    return low, high


def _match(gallery: Gallery, likeness: Likeness) -> _Known:
    labels = {label: place for place, label in enumerate(likeness.labels)}
    shown: Sequence[GalleryItem | None] = [gallery.items.get(name) for name in likeness.ids]
    given = np.array([labels[item.label] if item else -1 for item in shown], dtype=np.int64)
    # one text for each id, not two
    ids = tuple(item.id if item else name for item, name in zip(shown, likeness.ids, strict=True))
    return _Known(gallery, replace(likeness, ids=ids), given)


def show_doubts(doubts: Doubts, size: int) -> Json:
    """The next batch: its kind, how many are undecided, its pictures with their guesses."""
    batch = doubts.next_batch(size)
    pictures = show_pictures(doubts.session, batch.items)
    for picture in pictures:
        guess = batch.guesses.get(picture["id"], picture["label"])
        picture |= {"guess": guess} if guess != picture["label"] else {}
    return {"kind": batch.kind, "left": batch.left, "pictures": pictures}


def show_alike(doubts: Doubts, digest: str, size: int) -> Json:
    """The pictures that look most like this one."""
    if digest not in doubts.session.gallery.items:
        raise BadRequest("id is a picture of this workspace")
    return {"pictures": show_pictures(doubts.session, doubts.alike(digest, size))}


def show_sample(doubts: Doubts, size: int) -> Json:
    """Pictures by chance, and what those before say of what is left."""
    pictures = show_pictures(doubts.session, doubts.draw_sample(size))
    told = doubts.remaining()
    return {"pictures": pictures, "done": told.is_done, "enough": ENOUGH, **asdict(told)}
