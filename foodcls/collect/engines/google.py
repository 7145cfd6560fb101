"""Google's image search: the originals in the page's scripts or links."""

import json
import re
from collections.abc import Iterator
from functools import partial
from urllib.parse import parse_qs, urlsplit

from bs4 import BeautifulSoup
from icrawler.builtin.google import GoogleFeeder, GoogleParser

from foodcls.collect.engines.base import Hit, Page
from foodcls.collect.engines.crawled import Crawled, feed, licences_of, read_html, unthreaded

# an original in the data: its address, height and width
PICTURE = re.compile(r'\["(https?://[^"\s]+)",(\d+),(\d+)\]')
# the page that shows it, said some way behind it
SHOWN_ON = re.compile(
    r'"2003":\[[^\[\]]*?"(https?://(?:[^"\\\s]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2})+)"'
)
THUMBNAIL = "encrypted-tbn"
OWN_HOSTS = ("google.com", "gstatic.com", "googleusercontent.com")


def _read(response: Page) -> Iterator[Hit]:
    """Yield every original; fall back on icrawler's pattern, which may yield the logo alone."""
    page = read_html(response)
    hits = _script_hits(page) or _link_hits(page)
    # icrawler returns None for a page without pictures
    hits = hits or [
        {"file_url": hit["file_url"]} for hit in unthreaded(GoogleParser).parse(response) or []
    ]
    own = [hit for hit in hits if not _host(hit["file_url"]).endswith(OWN_HOSTS)]
    thumbnails = str(page).count(THUMBNAIL)
    if thumbnails and not own:
        raise ValueError(f"{thumbnails} thumbnails without an original")
    yield from own


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _script_hits(page: BeautifulSoup) -> list[Hit]:
    """Originals in the data of scripts, which may be a string within a script."""
    scripts = " ".join(str(script) for script in page.find_all("script"))
    plain = scripts.replace("\\x22", '"').replace("\\\\u", "\\u")
    pictures = list(PICTURE.finditer(plain))
    # what is said of a picture ends where the next one begins
    ends = [*(picture.start() for picture in pictures), len(plain)][1:]
    pages = [
        SHOWN_ON.search(plain, picture.end(), end)
        for picture, end in zip(pictures, ends, strict=True)
    ]
    return [
        {"file_url": _unescape(picture[1]), "page": _unescape(page[1] if page else "")}
        for picture, page in zip(pictures, pages, strict=True)
    ]


def _unescape(text: str) -> str:
    """An address without the escapes of scripts."""
    plain = re.sub(r"\\x(..)", r"\\u00\1", text)
    return str(json.loads(f'"{plain}"'))


def _link_hits(page: BeautifulSoup) -> list[Hit]:
    """Originals in links, as pages for browsers without scripts have them."""
    links = [parse_qs(urlsplit(str(link["href"])).query) for link in page.find_all("a", href=True)]
    return [
        {"file_url": link["imgurl"][0], "page": link.get("imgrefurl", [""])[0]}
        for link in links
        if "imgurl" in link
    ]


GOOGLE = Crawled(partial(feed, GoogleFeeder, quote=str), _read, licences=licences_of(GoogleFeeder))
