"""Pixabay: photos under its own licence; a free key.

Terms, as stored copies had them on 2026-11-30 (not tried live): 100 requests a minute, answers to
be kept for 24 hours, no systematic mass downloads, at most 500 results a query
(https://pixabay.com/api/docs/). Whether its licence allows training is for a person to read:
https://pixabay.com/service/license-summary/.
"""

from math import ceil
from typing import Any

from foodcls.collect.engines.base import Access, Hit, Question, Terms
from foodcls.collect.engines.official import Api, Words, text

PER_PAGE = 200


def _words(question: Question, access: Access) -> Words:
    key = access.keys.get("PIXABAY_API_KEY", "")
    words = {"key": key, "q": question.query, "image_type": "photo"}
    return words | {"per_page": str(PER_PAGE), "page": "1"}


def _hit(result: Any) -> Hit:
    return {
        "file_url": text(result, "largeImageURL") or text(result, "webformatURL"),
        "page": text(result, "pageURL"),
        "licence": "Pixabay",
        "licence_url": "https://pixabay.com/service/license-summary/",
        "author": text(result, "user"),
    }


PIXABAY = Api(
    "https://pixabay.com/api/",
    _words,
    lambda answer: list(answer["hits"]),
    _hit,
    lambda answer: ceil(int(answer["totalHits"]) / PER_PAGE),
    terms=Terms(
        keys=("PIXABAY_API_KEY",),
        key_page="https://pixabay.com/api/docs/",
        needs_key=True,
        keep=86_400,
    ),
)
