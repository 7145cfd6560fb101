"""Turns a request's path into the reply of the sample web, a page or a picture; opens no socket."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, Template

from foodcls.sample.file_bytes import file_bytes
from foodcls.sample.web import SampleItem, SampleWeb

HTML = "text/html; charset=utf-8"
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
# a cloud machine's own secrets: a collector that follows a redirect there is broken
METADATA = "http://169.254.169.254/latest/meta-data/"
PER_PAGE = 48
LICENCE = "CC0-1.0"


def result_page(query: str, found: Sequence[SampleItem], first: int) -> str:
    """Up to 48 results from place `first` on; past the end the page says "No results"."""
    following = first + PER_PAGE
    more = {"q": query, "first": following} if following < len(found) else {}
    title, shown = f"{query} - pictures", found[first:following]
    return _template().render(title=title, licence=LICENCE, shown=shown, more=more)


@lru_cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent / "page")
    return Environment(loader=folder, autoescape=True, trim_blocks=True).get_template("page.html")


@dataclass(frozen=True)
class Reply:
    """An HTTP reply, and the seconds to wait before sending it."""

    status: int = 200
    body: bytes = b""
    media_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
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
    item = web.find(name) if folder == "img" else None
    return _picture(item, visit) if item else MISSING


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
