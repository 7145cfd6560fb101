"""Unsplash: photos under its own licence; a free key.

Terms, as stored copies had them on 2026-11-30 (not tried live): 50 requests an hour until an
application is approved, credit the photographer, show photos from Unsplash's own addresses, and
report downloads (https://unsplash.com/documentation): each picture that arrives is reported once,
which counts as a request. It restricts machine learning: ask at https://unsplash.com/data
(https://help.unsplash.com/en/articles/2612332).
"""

from typing import Any

from foodcls.collect.engines.base import Hit, Terms
from foodcls.collect.engines.official import Api, text

PER_PAGE = 30


def _hit(photo: Any) -> Hit:
    return {
        "file_url": text(photo, "urls", "regular") or text(photo, "urls", "full"),
        "page": text(photo, "links", "html"),
        "licence": "Unsplash",
        "licence_url": "https://unsplash.com/license",
        "author": text(photo, "user", "name"),
        "report": text(photo, "links", "download_location"),
    }


UNSPLASH = Api(
    "https://api.unsplash.com/search/photos",
    lambda question, access: {"query": question.query, "per_page": str(PER_PAGE), "page": "1"},
    lambda answer: list(answer["results"]),
    _hit,
    lambda answer: int(answer["total_pages"]),
    lambda access: {"Authorization": f"Client-ID {access.keys.get('UNSPLASH_ACCESS_KEY', '')}"},
    home="https://api.unsplash.com",
    terms=Terms(
        keys=("UNSPLASH_ACCESS_KEY",),
        key_page="https://unsplash.com/oauth/applications",
        needs_key=True,
        keyed_quota=50,
        period=3_600,
        caution="restricts machine learning: ask at https://unsplash.com/data first",
    ),
)
