"""iNaturalist: photos of living things, by their scientific or common names; no key.

Terms, as stored copies had them on 2026-11-30 (not tried live): at most 100, better 60 requests a
minute, and 10,000 a day (https://api.inaturalist.org/v1/docs/, cited in
https://forum.inaturalist.org/t/8612); photos: 5 GB an hour and 24 GB a day, some 100,000 of them,
which foodcls.collect.hosts holds. Each photo has its own licence; without one all rights are
reserved.
"""

from math import ceil
from typing import Any

from foodcls.collect.engines.base import Access, Hit, Question, Terms
from foodcls.collect.engines.licences import FILTERS, WHOLE, spdx
from foodcls.collect.engines.official import Api, Words, text

PER_PAGE = 100
VERSION = "4.0"  # of all its Creative Commons licences but CC0
# no further results are given
DEEPEST = 10_000 // PER_PAGE


def _words(question: Question, access: Access) -> Words:
    words = {"taxon_name": question.query, "photos": "true", "per_page": str(PER_PAGE), "page": "1"}
    codes = [code if code in WHOLE else f"cc-{code}" for code in question.codes]
    words |= {"photo_license": ",".join(codes)} if codes else {}
    return words | ({"quality_grade": "research"} if question.research_grade else {})


def _results(answer: Any) -> list[Any]:
    """A photo each, with the observation that it belongs to."""
    seen = answer["results"]
    return [{"photo": photo, "of": one} for one in seen for photo in _photos(one) or [{}]]


def _photos(observation: Any) -> list[Any]:
    photos = observation.get("photos") if isinstance(observation, dict) else None
    return photos if isinstance(photos, list) else []


def _hit(result: Any) -> Hit:
    photo, seen = result["photo"], result["of"]
    code = text(photo, "license_code")
    return {
        # of at most 1,024 pixels: answers name the thumbnail
        "file_url": text(photo, "url").replace("/square.", "/large."),
        "page": text(seen, "uri"),
        "licence": spdx(code, VERSION) if code else "all rights reserved",
        "author": text(seen, "user", "name") or text(seen, "user", "login"),
    }


INATURALIST = Api(
    "https://api.inaturalist.org/v1/observations",
    _words,
    _results,
    _hit,
    lambda answer: min(ceil(int(answer["total_results"]) / PER_PAGE), DEEPEST),
    licences=tuple(FILTERS),
    terms=Terms(quota=10_000),
)
