"""Turns a request's path into the reply of the sample web; opens no socket."""

import random
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from foodcls.sample.file_bytes import file_bytes
from foodcls.sample.html_pages import front_page, picture_page, result_page
from foodcls.sample.web import SampleItem, SampleWeb

HTML = "text/html; charset=utf-8"
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
# a cloud machine's own secrets: a collector that follows a redirect there is broken
METADATA = "http://169.254.169.254/latest/meta-data/"


@dataclass(frozen=True)
class Reply:
    """An HTTP reply, and the seconds to wait before sending it."""

    status: int = 200
    body: bytes = b""
    media_type: str = HTML
    headers: tuple[tuple[str, str], ...] = field(default=())
    delay: float = 0.0


MISSING = Reply(404, b"<!doctype html><title>Not found</title>Not found")
FAULT = Reply(500, b"<!doctype html><title>Error</title>Something broke")
BUSY = Reply(503, b"<!doctype html><title>Busy</title>Busy", headers=(("Retry-After", "1"),))


def respond(web: SampleWeb, target: str, visit: int = 1) -> Reply:
    """The reply to the `visit`th request for `target` (path and query)."""
    parts = urlsplit(target)
    folder, _, name = unquote(parts.path).lstrip("/").partition("/")
    if folder == "search":
        return _search(web, parse_qs(parts.query))
    item = web.find(name)
    if folder == "img" and item:
        return _picture(item, visit)
    if folder == "page" and item:
        return Reply(body=picture_page(item).encode())
    return Reply(body=front_page().encode()) if not folder else MISSING


def _search(web: SampleWeb, asked: dict[str, list[str]]) -> Reply:
    query, first = asked.get("q", [""])[0], asked.get("first", ["0"])[0]
    # whatever is no number is the first page, as search engines have it
    offset = int(first) if first.isascii() and first.isdigit() else 0
    return Reply(body=result_page(query, web.search(query), offset).encode())


def _picture(item: SampleItem, visit: int) -> Reply:
    places = {"redirect": item.source, "loop": item.file}
    if item.kind in places:
        return Reply(302, headers=(("Location", f"/img/{places[item.kind]}"),))
    if item.kind == "private":
        return Reply(302, headers=(("Location", METADATA),))
    if item.kind in ("gone", "fault"):
        return MISSING if item.kind == "gone" else FAULT
    if item.manner == "busy" and visit == 1:
        return BUSY
    wait = random.Random(item.file).uniform(0.2, 0.6) if item.manner == "slow" else 0.0
    media_type = MEDIA_TYPES[item.file.rpartition(".")[2]]
    return Reply(body=file_bytes(item), media_type=media_type, delay=wait)
