"""What to look at next, as JSON for the page."""

from dataclasses import asdict

from foodcls.review.api import BadRequest, Json, show_pictures
from foodcls.review.doubts import ENOUGH, Doubts

MAX_SHOWN = 500


def show_doubts(doubts: Doubts, size: str) -> Json:
    """The next batch: its kind, how many are undecided, its pictures with their guesses."""
    batch = doubts.next_batch(_count(size))
    pictures = show_pictures(doubts.session, batch.items)
    for picture in pictures:
        guess = batch.guesses.get(picture["id"], picture["label"])
        picture |= {"guess": guess} if guess != picture["label"] else {}
    return {"kind": batch.kind, "left": batch.left, "pictures": pictures}


def show_alike(doubts: Doubts, digest: str, size: str) -> Json:
    """The pictures that look most like this one."""
    if digest not in doubts.session.gallery.items:
        raise BadRequest("id is a picture of this workspace")
    return {"pictures": show_pictures(doubts.session, doubts.alike(digest, _count(size)))}


def show_sample(doubts: Doubts, size: str) -> Json:
    """Pictures by chance, and what those before say of what is left."""
    pictures = show_pictures(doubts.session, doubts.draw_sample(_count(size)))
    told = doubts.remaining()
    return {"pictures": pictures, "done": told.is_done, "enough": ENOUGH, **asdict(told)}


def _count(size: str) -> int:
    if not size.isdecimal() or len(size) > 9 or not 0 < int(size) <= MAX_SHOWN:
        raise BadRequest(f"size is a number from 1 to {MAX_SHOWN}")
    return int(size)
