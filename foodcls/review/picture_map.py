"""The map of a visit's pictures: laid out once, in the background, kept, and told as JSON."""

import logging
import threading
from dataclasses import dataclass

from foodcls.errors import FoodclsError, InputError
from foodcls.evaluate.layout import (
    Layout,
    choose_rows,
    first_spots,
    lay_out,
    layout_key,
    load_layout,
    save_layout,
)
from foodcls.evaluate.likeness import Likeness, load_likeness
from foodcls.metrics.ranks import Floats
from foodcls.review.api import Json, show_pictures
from foodcls.review.doubts import NO_LIKENESS
from foodcls.review.session import Session
from foodcls.review.watched import time_and_size
from foodcls.store.store import digest_json

logger = logging.getLogger(__name__)
GRAIN = 9999  # a spot is told in whole numbers from 0 to this


@dataclass(frozen=True)
class Drawn:
    """A layout as far as it has come."""

    layout: Layout
    share: float  # of the work that is done: 1 when it is
    known: int  # pictures of which it is known what they look like
    problem: str = ""  # why it stays as it was first laid out


class PictureMap:
    """Lays the pictures of a session out, and anew when they were ranked anew; thread-safe."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock = threading.Lock()
        self._signature: object = None
        self._drawn: Drawn | None = None

    def draw(self) -> Drawn:
        """The map as it is by now, at once; InputError when it is not known what looks alike."""
        path = self.session.files.likeness
        with self._lock:
            signature = time_and_size(path)
            if signature != self._signature:
                likeness = load_likeness(path, self.session.labels) if path else None
                self._drawn = self._begin(likeness, signature) if likeness else None
                self._signature = signature
            if self._drawn is None:
                raise InputError(NO_LIKENESS)
            return self._drawn

    def _begin(self, likeness: Likeness, signature: object) -> Drawn:
        """The kept layout; or a first one, which is mended in the background."""
        ids, rows = choose_rows(likeness)
        path, key = self.session.files.layout, layout_key(ids, rows)
        if path and (kept := load_layout(path, key)):
            return Drawn(kept, 1, len(likeness.ids))
        work = (Layout(ids, first_spots(rows)), rows, key, len(likeness.ids), signature)
        threading.Thread(target=self._work, args=work, daemon=True, name="map").start()
        return Drawn(work[0], 0, len(likeness.ids))

    def _work(self, first: Layout, rows: Floats, key: str, known: int, signature: object) -> None:
        def tell(share: float, spots: Floats) -> bool:
            # one that nobody wants any more stops, and the last telling is not yet the end
            return self._put(Drawn(Layout(first.ids, spots), min(share, 0.99), known), signature)

        try:
            spots = lay_out(rows, tell)
        except Exception as error:  # whatever a library raises: nobody waits for this thread
            logger.exception("the map stays as it was first laid out")
            problem = f"{type(error).__name__}: {error}"
            self._put(Drawn(first, 1, known, problem), signature)
            return
        if spots is None:
            return
        layout, path = Layout(first.ids, spots), self.session.files.layout
        try:
            if path:
                save_layout(layout, key, path)
        except FoodclsError as error:
            logger.warning("the map is not kept: %s", error)
        self._put(Drawn(layout, 1, known), signature)

    def _put(self, drawn: Drawn, signature: object) -> bool:
        with self._lock:
            if self._signature != signature:
                return False
            self._drawn = drawn
            return True


def show_map(picture_map: PictureMap, *, tells_pictures: bool) -> Json:
    """How far the layout has come, and where each picture of this visit lies by now.

    `spots` are x, y, x, y, …, and `of` says of which pictures, as a digest; `pictures`, in the same
    order, what the page shows of each.
    `unknown` pictures have come since they were last ranked, of `left_out` there is no room. A
    `problem` says why it stays as it was first laid out.
    """
    drawn, session = picture_map.draw(), picture_map.session
    items = session.gallery.items
    places = [place for place, name in enumerate(drawn.layout.ids) if name in items]
    spots = (drawn.layout.spots[places] * GRAIN).round().astype(int)
    told: Json = {"share": drawn.share, "grain": GRAIN, "spots": spots.ravel().tolist()}
    told["of"] = digest_json([drawn.layout.ids[place] for place in places])
    if drawn.problem:
        told["problem"] = drawn.problem
    if tells_pictures:
        shown = [items[drawn.layout.ids[place]] for place in places]
        left_out = drawn.known - len(drawn.layout.ids)
        told["pictures"] = show_pictures(session, shown)
        told["left_out"] = left_out
        told["unknown"] = max(0, len(items) - len(shown) - left_out)
    return told
