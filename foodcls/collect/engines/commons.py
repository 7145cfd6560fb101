"""Wikimedia Commons: free licences alone, told of each file, with its author; no key.

Terms, as stored copies of these pages had them on 2026-11-30 (not tried live):
https://www.mediawiki.org/wiki/API:Etiquette (requests in series, not in parallel),
https://www.mediawiki.org/wiki/Wikimedia_APIs/Access_policy (a User-Agent with a contact, or be
blocked), and the robot policy of 2025 (pictures: 2 connections and 25 Mbit/s in all; since 2026
thumbnails in the widths of https://w.wiki/GHai alone). foodcls.collect.hosts holds the numbers.
"""

import math
from typing import Any

from foodcls.collect.engines.base import Access, Hit, Question, Refused, Terms
from foodcls.collect.engines.licences import spdx
from foodcls.collect.engines.official import Api, Words, plain, text

# one of Wikimedia's standard widths: originals may have 40 megabytes
WIDTH = 960
PER_PAGE = 50
RASTER = "filetype:bitmap"


def _words(question: Question, access: Access) -> Words:
    return {
        "action": "query",
        "format": "json",
        "formatversion": "2",
        "generator": "search",
        "gsrsearch": f"{question.query} {RASTER}",
        "gsrnamespace": "6",
        "gsrlimit": str(PER_PAGE),
        "prop": "imageinfo",
        "iiprop": "url|size|mime|extmetadata",
        "iiextmetadatafilter": "LicenseShortName|LicenseUrl|Artist",
        "iiurlwidth": str(WIDTH),
    }


def _results(answer: Any) -> list[Any]:
    if "error" in answer:
        raise Refused(f"Commons says {text(answer, 'error', 'info')!r}")
    # a search that finds nothing has no "query" at all, but is complete
    if "batchcomplete" in answer and "query" not in answer:
        return []
    return sorted(answer["query"]["pages"], key=_place)


def _place(page: Any) -> float:
    index = page.get("index") if isinstance(page, dict) else None
    return index if isinstance(index, int) else math.inf


def _hit(page: Any) -> Hit:
    # when an answer is full, the pages that it has no room for come without; later ones bring them
    info = (page.get("imageinfo") or [{}])[0]
    meta = info.get("extmetadata")
    deed = text(meta, "LicenseUrl", "value")
    return {
        "file_url": text(info, "thumburl") or text(info, "url"),
        "page": text(info, "descriptionurl"),
        "licence": spdx(plain(text(meta, "LicenseShortName", "value")), deed=deed),
        "licence_url": deed,
        "author": plain(text(meta, "Artist", "value")),
    }


class Commons(Api):
    """MediaWiki's interface, whose answers tell the words of the next page."""

    def more(self, answer: Any, words: Words) -> Words:
        """What the answer says under `continue`."""
        return {str(name): str(value) for name, value in answer.get("continue", {}).items()}


COMMONS = Commons(
    "https://commons.wikimedia.org/w/api.php",
    _words,
    _results,
    _hit,
    terms=Terms(needs_contact=True),
)
