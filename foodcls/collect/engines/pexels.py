"""Pexels: photos under its own licence; a free key.

Terms, as stored copies had them on 2026-11-30 (not tried live): 200 requests an hour and 20,000 a
month, credit the photographer and link to Pexels (https://www.pexels.com/api/documentation/), and
no data sets or training by the interface without its explicit permission
(https://help.pexels.com/hc/en-us/articles/900005880463-What-are-the-Terms-and-Conditions).
"""

from math import ceil
from typing import Any

from foodcls.collect.engines.base import Hit, Terms
from foodcls.collect.engines.official import Api, text

PER_PAGE = 80


def _hit(photo: Any) -> Hit:
    return {
        "file_url": text(photo, "src", "large2x") or text(photo, "src", "original"),
        "page": text(photo, "url"),
        "licence": "Pexels",
        "licence_url": "https://www.pexels.com/license/",
        "author": text(photo, "photographer"),
    }


PEXELS = Api(
    "https://api.pexels.com/v1/search",
    lambda question, access: {"query": question.query, "per_page": str(PER_PAGE), "page": "1"},
    lambda answer: list(answer["photos"]),
    _hit,
    lambda answer: ceil(int(answer["total_results"]) / PER_PAGE),
    lambda access: {"Authorization": access.keys.get("PEXELS_API_KEY", "")},
    terms=Terms(
        keys=("PEXELS_API_KEY",),
        key_page="https://www.pexels.com/api/",
        needs_key=True,
        keyed_quota=200,
        period=3_600,
        caution="forbids data sets and training without its explicit permission",
    ),
)
