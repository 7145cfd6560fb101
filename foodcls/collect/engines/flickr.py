"""Flickr's official search: it needs a key, and tells the licence and owner of each photo.

Terms, as stored copies of these pages had them on 2026-11-30 (not tried live):
https://www.flickr.com/services/api/flickr.photos.search.html (at most the first 4,000 results),
https://www.flickr.com/services/api/tos/ (no commercial use unless agreed), and 3,600 requests an
hour and key.
"""

from typing import Any

from foodcls.collect.engines.base import Access, Hit, Question, Refused, Terms
from foodcls.collect.engines.licences import FILTERS, short_name, spdx
from foodcls.collect.engines.official import Api, Words, text

# largest first; search answers carry these addresses, so that no photo needs a question of its own
SIZES = ("url_o", "url_k", "url_h", "url_l", "url_c", "url_z", "url_m")
LICENCES = {
    "0": "all rights reserved",
    "1": "CC-BY-NC-SA-2.0",
    "2": "CC-BY-NC-2.0",
    "3": "CC-BY-NC-ND-2.0",
    "4": "CC-BY-2.0",
    "5": "CC-BY-SA-2.0",
    "6": "CC-BY-ND-2.0",
    "7": "no known restrictions",
    "8": "US government work",
    "9": spdx("cc0"),
    "10": spdx("pdm"),
}
PER_PAGE = 100
BAD_KEY = "100"


def _words(question: Question, access: Access) -> Words:
    words = {
        "method": "flickr.photos.search",
        "api_key": access.keys.get("FLICKR_API_KEY", ""),
        "format": "json",
        "nojsoncallback": "1",
        "text": question.query,
        "extras": ",".join(("license", "owner_name", *SIZES)),
        "per_page": str(PER_PAGE),
        "page": "1",
    }
    numbers = _numbers(question.codes)
    return words | ({"license": ",".join(numbers)} if numbers else {})


def _numbers(codes: tuple[str, ...]) -> list[str]:
    """Flickr's numbers of these licences; what is of nobody counts as public domain."""
    return [
        number
        for number, licence in LICENCES.items()
        if short_name(licence) in codes or ("pdm" in codes and number in ("7", "8"))
    ]


def _results(answer: Any) -> list[Any]:
    if answer["stat"] != "ok":
        is_key = text(answer, "code") == BAD_KEY
        raise Refused(f"Flickr says {answer.get('message', 'no')!r}", shuts=is_key)
    return list(answer["photos"]["photo"])


def _hit(photo: Any) -> Hit:
    number = text(photo, "license")
    url = next((text(photo, size) for size in SIZES if text(photo, size)), "")
    return {
        "file_url": url or _address(photo),
        "page": f"https://www.flickr.com/photos/{text(photo, 'owner')}/{text(photo, 'id')}",
        "licence": LICENCES.get(number, number and f"Flickr {number}"),
        "author": text(photo, "ownername"),
    }


def _address(photo: Any) -> str:
    """Where a photo lies in its usual size, for answers without addresses."""
    if not (text(photo, "server") and text(photo, "secret")):
        return ""
    return f"https://live.staticflickr.com/{photo['server']}/{photo['id']}_{photo['secret']}.jpg"


FLICKR = Api(
    "https://api.flickr.com/services/rest/",
    _words,
    _results,
    _hit,
    lambda answer: int(answer["photos"]["pages"]),
    licences=tuple(FILTERS),
    terms=Terms(
        keys=("FLICKR_API_KEY",),
        key_page="https://www.flickr.com/services/api/keys/",
        needs_key=True,
        keyed_quota=3_600,
        period=3_600,
    ),
)
