"""Flickr's search: it needs a key, and tells the licence of each photo."""

import json
from collections.abc import Iterator
from typing import Any

from icrawler.builtin.flickr import FlickrFeeder, FlickrParser

from foodcls.collect.engines.base import Access, Engine, Hit, Page, Question, Refused
from foodcls.errors import CollectError

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
    "9": "CC0-1.0",
    "10": "PDM-1.0",
}
# Flickr's numbers of the licences that each filter of the other engines admits
LICENCE_FILTERS = {
    "creativecommons": "1,2,3,4,5,6,9",
    "publicdomain": "7,8,9,10",
    "noncommercial": "1,2,3,4,5,6,7,8,9,10",
    "noncommercial,modify": "1,2,4,5,7,8,9,10",
    "commercial": "4,5,6,7,8,9,10",
    "commercial,modify": "4,5,7,8,9,10",
}


class FlickrPictures(FlickrParser):
    """Takes addresses from the search answer: icrawler's asks anew for each photo."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield each photo's largest public size."""
        answer = json.loads(response.content.decode("utf-8", "ignore"))
        if answer["stat"] != "ok":
            raise Refused(f"Flickr says {answer.get('message', 'no')!r}")
        for photo in answer["photos"]["photo"]:
            url = next((photo[size] for size in SIZES if photo.get(size)), None)
            url = url or _address(photo)
            if url:
                yield {"file_url": str(url)} | _origin(photo)


def _address(photo: dict[str, Any]) -> str:
    """Where a photo lies in its usual size, for answers without addresses."""
    if not (photo.get("server") and photo.get("secret")):
        return ""
    return f"https://live.staticflickr.com/{photo['server']}/{photo['id']}_{photo['secret']}.jpg"


def _origin(photo: dict[str, Any]) -> Hit:
    licence = str(photo.get("license", ""))
    page = f"https://www.flickr.com/photos/{photo.get('owner', '')}/{photo.get('id', '')}"
    return {"page": page, "licence": LICENCES.get(licence, licence and f"Flickr {licence}")}


def _arguments(question: Question, access: Access) -> dict[str, Any]:
    licence = LICENCE_FILTERS.get(question.licence)
    extras = ",".join(("license", *SIZES))
    words = {"apikey": access.flickr_key, "text": question.query, "per_page": 100, "extras": extras}
    return words | ({"license": licence} if licence else {})


def _check_key(access: Access) -> None:
    if not access.flickr_key:
        raise CollectError(
            "the engine flickr needs a key: get one at https://www.flickr.com/services/api/keys/"
            " and set FLICKR_API_KEY, or take flickr out of collect.engines"
        )


FLICKR = Engine(FlickrFeeder, FlickrPictures, _arguments, tuple(LICENCE_FILTERS), _check_key)
