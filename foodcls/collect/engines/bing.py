"""Bing's image search: the data of each result, whatever its format."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from icrawler.builtin.bing import BingFeeder

from foodcls.collect.engines.base import Hit, Page
from foodcls.collect.engines.crawled import Crawled, feed, licences_of, read_html

# what a result names its picture in, where its data is no JSON: keys without quotes
LOOSE = re.compile(r'\b(?:murl|imgurl)"?\s*:\s*"(http[^"]+)"')


def _read(page: Page) -> Iterator[Hit]:
    """Yield every result; an odd one among others is passed over.

    icrawler's parser keeps .jpg alone, and cuts addresses.
    """
    links = read_html(page).find_all("a", attrs={"m": True})
    results = [data for link in links if (data := _result(str(link["m"])))]
    if links and not results:
        raise ValueError(f"{len(links)} results without an address")
    for data in results:
        yield {"file_url": str(data["murl"]), "page": str(data.get("purl") or "")}


def _result(text: str) -> dict[str, Any]:
    """A result's data; empty when it names no picture."""
    try:
        data = json.loads(text)
    except ValueError:
        loose = LOOSE.search(text)
        return {"murl": loose[1]} if loose else {}
    return data if isinstance(data, dict) and data.get("murl") else {}


BING = Crawled(partial(feed, BingFeeder), _read, licences=licences_of(BingFeeder))
