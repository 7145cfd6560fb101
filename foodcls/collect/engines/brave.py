"""Brave's image search, by its official interface: a paid key; no licences.

Terms, as stored copies had them on 2026-11-30 (not tried live): up to 200 results in one answer
and no further pages; requests a second and a month by the plan
(https://api-dashboard.search.brave.com/app/documentation/image-search). What may be stored of the
answers depends on the plan: not read.
"""

from typing import Any

from foodcls.collect.engines.base import Access, Hit, Question, Terms
from foodcls.collect.engines.official import Api, Words, text

MOST = 200


def _words(question: Question, access: Access) -> Words:
    count = str(min(question.limit, MOST))
    return {"q": question.query, "count": count, "country": "ALL", "spellcheck": "false"}


def _hit(result: Any) -> Hit:
    return {"file_url": text(result, "properties", "url"), "page": text(result, "url")}


BRAVE = Api(
    "https://api.search.brave.com/res/v1/images/search",
    _words,
    lambda answer: list(answer["results"]),
    _hit,
    login=lambda access: {"X-Subscription-Token": access.keys.get("BRAVE_API_KEY", "")},
    terms=Terms(keys=("BRAVE_API_KEY",), key_page="https://api.search.brave.com/", needs_key=True),
)
