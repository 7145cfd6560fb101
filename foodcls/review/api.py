"""The JSON API of the review page: lists classes and pictures, and takes changes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from foodcls.review.boxes import DrawnBox, fit_box
from foodcls.review.changes import label_of
from foodcls.review.decisions import Verdict, plain_reason
from foodcls.review.gallery import GalleryItem
from foodcls.review.session import Session

MAX_BOXES = 50  # on one picture
MAX_PAGE = 40  # characters of the name of a page
Json = dict[str, Any]


class BadRequest(Exception):
    """A request that is not as the API defines it."""


def list_classes(session: Session) -> list[Json]:
    """Each class with its counts: total, kept, dropped (by a decision), suspects."""
    gallery, verdicts = session.gallery, session.verdicts()
    total = Counter({label: len(items) for label, items in gallery.by_label.items()})
    suspects = Counter({
        label: sum(bool(item.suspect) for item in items)
        for label, items in gallery.by_label.items()
    })  # fmt: skip
    kept, dropped = Counter[str](), Counter[str]()
    for digest, verdict in verdicts.items():
        if item := gallery.items.get(digest):
            home, place = session.home_of(item), session.place_of(item, verdict)
            (kept if verdict.keep else dropped)[place] += 1
            for label, by in ((home, -1), (place, 1)) if home != place else ():
                total[label] += by
                suspects[label] += by * bool(item.suspect)
    return [{"name": label, "total": total[label], "kept": kept[label], "dropped": dropped[label],
             "suspects": suspects[label]} for label in gallery.by_label]  # fmt: skip


def list_pictures(session: Session, label: str) -> Iterator[Json]:
    """The pictures of a class in the order of the page; empty values are left out."""
    if label not in session.gallery.by_label:
        raise BadRequest(f"no class {label[:100]!r}")
    return _show(session, session.pictures_of(label))


def take_decision(session: Session, request: Json) -> Json:
    """Write the decision {"ids": [...], "keep": true, false or null, "reason": text}.

    A `label` moves the pictures to that class. `seen` holds, by id, [keep, reason, class] as the
    page shows them, for the pictures with a decision; `conflicts` are those decided meanwhile, and
    stay as they are. Without `seen` all were undecided.
    """
    ids, keep = request.get("ids"), request.get("keep")
    known = session.gallery.items
    if not isinstance(ids, list) or not ids or not all(_is_known(known, name) for name in ids):
        raise BadRequest("ids is a list of pictures of this workspace")
    if not (keep is None or isinstance(keep, bool)):
        raise BadRequest("keep is true, false or null")
    label = request.get("label", "")
    if label and (label not in session.labels or not keep):
        raise BadRequest(f"label is one of {', '.join(session.labels)}, for pictures to keep")
    reason = plain_reason(str(request.get("reason", "")))
    verdict = None if keep is None else Verdict(keep, reason, label)
    late = session.decide(ids, verdict, _seen(request), page_of(request))
    return _changed(session, ids) | {"conflicts": late}


def take_labels(session: Session, request: Json) -> Json:
    """Move pictures to classes: {"labels": {id: class}}, `seen` as for a decision."""
    labels, known = request.get("labels"), session.gallery.items
    if not isinstance(labels, dict) or not labels or not all(_is_known(known, id) for id in labels):
        raise BadRequest("labels is {id: class}, of pictures of this workspace")
    if not set(map(str, labels.values())) <= set(session.labels):
        raise BadRequest(f"a class is one of {', '.join(session.labels)}")
    verdicts = {name: Verdict(True, "", str(label)) for name, label in labels.items()}
    late = session.decide_each(verdicts, _seen(request), page_of(request))
    return _changed(session, list(labels)) | {"conflicts": late}


def take_boxes(session: Session, request: Json) -> Json:
    """Write {"id": ..., "boxes": [[xmin, ymin, xmax, ymax, is proposed], ...]}, in pixels.

    `seen` are the boxes that the page showed before, if any: what others drew meanwhile stays.
    """
    digest, boxes, seen = request.get("id"), request.get("boxes"), request.get("seen", [])
    if not _is_known(session.gallery.items, digest):
        raise BadRequest("id is a picture of this workspace")
    if not _is_list(boxes) or not _is_list(seen):
        raise BadRequest(f"boxes and seen are lists of at most {MAX_BOXES}")
    item = session.gallery.items[str(digest)]
    drawn = [_box(box, item) for box in boxes]
    session.draw(item.id, drawn, [_box(box, item) for box in seen], page_of(request))
    return _changed(session, [item.id])


def take_back(session: Session, request: Json) -> Json:
    """Undo the last change of a page; `pictures` is empty when there is nothing to undo.

    `stayed` are those that somebody has changed since.
    """
    ids, stayed = session.undo(page_of(request))
    return _changed(session, ids) | {"stayed": stayed}


def tell_news(session: Session, since: int, page: str) -> Json:
    """What others have changed since change number `since`, and how many decisions were lost.

    `unnamed` are the lines that the recipe lacks to name files that are there.
    """
    news = session.news(since, page[:MAX_PAGE])
    lines = [line.text for line in session.files.missing if line.file.exists()]
    told = {"number": news.number, "lost": news.lost, "unnamed": lines}
    known = session.gallery.items
    changed = _changed(session, [name for name in news.ids if name in known]) if news.ids else {}
    return changed | told


def take_again(session: Session, request: Json) -> Json:
    """Write what another program has overwritten again, or with {"restore": false} leave it."""
    if request.get("restore") is False:
        session.give_up()
        return _changed(session, [])
    return _changed(session, session.restore(page_of(request)))


def page_of(request: Json) -> str:
    """The page that asks: each has its own undo."""
    return str(request.get("page", ""))[:MAX_PAGE]


def _is_list(boxes: object) -> TypeGuard[list[Any]]:
    return isinstance(boxes, list) and len(boxes) <= MAX_BOXES


def _seen(request: Json) -> dict[str, Verdict | None]:
    seen = request.get("seen", {})
    try:
        return {name: Verdict(bool(keep), str(reason), str(label))
                for name, (keep, reason, label) in seen.items()}  # fmt: skip
    except (AttributeError, TypeError, ValueError) as error:
        raise BadRequest("seen is {id: [keep, reason, class]}") from error


def _is_known(items: Mapping[str, GalleryItem], name: object) -> bool:
    return isinstance(name, str) and name in items


def _changed(session: Session, ids: list[str]) -> Json:
    items = session.gallery.items
    pictures = show_pictures(session, [items[digest] for digest in ids])
    return {"pictures": pictures, "classes": list_classes(session)}


def show_pictures(session: Session, items: Sequence[GalleryItem]) -> list[Json]:
    """What the page shows of each; empty values are left out."""
    return list(_show(session, items))


def _show(session: Session, items: Sequence[GalleryItem]) -> Iterator[Json]:
    # read once: each reading looks whether the files have changed
    verdicts, drawn = session.verdicts(), session.drawn()
    return (_picture(item, verdicts.get(item.id), drawn.get(item.id, ())) for item in items)


def _picture(item: GalleryItem, verdict: Verdict | None, boxes: Sequence[DrawnBox]) -> Json:
    label = label_of(item, verdict)
    values = {
        "copies": item.copies,
        "group": item.group[:12],
        "suspect": item.suspect,
        "flags": list(item.flags),
        "reason": verdict.reason if verdict else "",
        "by": verdict.annotator if verdict else "",
        "given": item.found_as if item.found_as != label else "",
        "rivals": list(item.rivals),
        "guess": item.guess if item.guess != label else "",
        "boxes": [[*box.edges, int(box.proposed)] for box in boxes],
    }
    told = {"keep": int(verdict.keep)} if verdict else {}
    plain = {"id": item.id, "label": label, "w": item.width, "h": item.height}
    return plain | {"origin": item.origin} | told | {k: v for k, v in values.items() if v}


def _box(value: object, item: GalleryItem) -> DrawnBox:
    numbers = value[:4] if isinstance(value, list) and len(value) in (4, 5) else []
    if len(numbers) != 4 or not all(_is_finite(number) for number in numbers):
        raise BadRequest("a box is xmin, ymin, xmax, ymax and, if wished, whether it is proposed")
    edges = fit_box(numbers, item)
    if edges is None:
        raise BadRequest(f"the box {numbers} lies outside of {item.width}x{item.height} pixels")
    return DrawnBox(edges, proposed=bool(value[4:] and value[4]))  # type: ignore[index]


def _is_finite(number: object) -> bool:
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    # false for NaN too
    return is_number and -1e9 < number < 1e9  # type: ignore[operator]
