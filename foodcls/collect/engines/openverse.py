"""Openverse: openly licensed pictures of many museums and sites; no key, or a free one.

Terms, as stored copies of these pages had them on 2026-11-30 (not tried live):
https://docs.openverse.org/terms_of_service.html (its catalog must not be scraped, nor limits got
round; it does not verify licences: look at the page of each picture), 20 results a page and about
240 a query; 20 requests a minute and 200 a day, with a registered client 100 and 10,000.
"""

from typing import Any

from foodcls.collect.engines.base import Access, Hit, Question, Terms
from foodcls.collect.engines.licences import FILTERS, spdx
from foodcls.collect.engines.official import Api, Words, text

PER_PAGE, PAGES = 20, 12


def _words(question: Question, access: Access) -> Words:
    words = {"q": question.query, "page_size": str(PER_PAGE), "page": "1"}
    return words | ({"license": ",".join(question.codes)} if question.codes else {})


def _hit(result: Any) -> Hit:
    deed = text(result, "license_url")
    return {
        "file_url": text(result, "url"),
        "page": text(result, "foreign_landing_url"),
        "licence": spdx(text(result, "license"), text(result, "license_version"), deed),
        "licence_url": deed,
        "author": text(result, "creator"),
    }


def _login(access: Access) -> Words:
    token = access.tokens.get("openverse")
    return {"Authorization": f"Bearer {token}"} if token else {}


OPENVERSE = Api(
    "https://api.openverse.org/v1/images/",
    _words,
    lambda answer: list(answer["results"]),
    _hit,
    lambda answer: min(int(answer["page_count"]), PAGES),
    _login,
    token="https://api.openverse.org/v1/auth_tokens/token/",
    licences=tuple(FILTERS),
    terms=Terms(
        keys=("OPENVERSE_CLIENT_ID", "OPENVERSE_CLIENT_SECRET"),
        key_page="https://api.openverse.org/v1/#tag/auth",
        quota=200,
        keyed_quota=10_000,
    ),
)
