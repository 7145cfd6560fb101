"""The map as JSON for the page."""

from foodcls.review.api import Json, show_pictures
from foodcls.review.picture_map import PictureMap
from foodcls.store.store import digest_json

GRAIN = 9999  # a spot is told in whole numbers from 0 to this


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
