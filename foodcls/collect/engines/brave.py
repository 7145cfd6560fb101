"""Brave's image search, by its official interface: a paid key; no licences.

Terms, as stored copies had them on 2026-11-30 (not tried live): up to 200 results in one answer
and no further pages; requests a second and a month by the plan
(https://api-dashboard.search.brave.com/app/documentation/image-search). Its terms of 2026-02-11
(https://api-dashboard.search.brave.com/terms-of-service; of the stored copy only the beginning was
there, the clauses are as others quote them) forbid to store answers other than in passing, or to
keep them when the plan ends, and to train on them, unless an order grants it: `collect.permitted`.
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
    terms=Terms(
        keys=("BRAVE_API_KEY",),
        key_page="https://api.search.brave.com/",
        needs_key=True,
        caution="forbids to store its results and to train on them, unless your plan grants it",
    ),
)
