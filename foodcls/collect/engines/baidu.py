"""Baidu's image search: JSON of two shapes, with addresses in a cipher."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from icrawler.builtin.baidu import BaiduFeeder, BaiduParser

from foodcls.collect.engines.base import Hit, Page
from foodcls.collect.engines.crawled import Crawled, feed, licences_of, unthreaded

# how "http" begins in Baidu's cipher
CIPHER = "ippr"


def _read(page: Page) -> Iterator[Hit]:
    """Yield every result, of the answers of both shapes; icrawler's parser only logs odd ones."""
    # \' is no JSON, and Baidu writes it
    text = page.content.decode("utf-8", "ignore").replace("\\'", "'")
    answer = json.loads(text, strict=False)
    if "data" not in answer:
        raise ValueError(f"no data in an answer with {sorted(answer)[:8]}")
    data = answer["data"]
    results = [hit for hit in (data if isinstance(data, list) else data["images"]) if hit]
    hits = [hit for result in results if (hit := _hit(result))]
    if results and not hits:
        raise ValueError(f"{len(results)} results without an address")
    yield from hits


def _hit(result: dict[str, Any]) -> Hit:
    names = ("objURL", "objurl", "hoverURL")
    url = next((result[name] for name in names if result.get(name)), "")
    page = str(result.get("fromURL") or result.get("fromurl") or "")
    return {"file_url": _plain(str(url)), "page": _plain(page)} if url else {}


def _plain(url: str) -> str:
    return str(unthreaded(BaiduParser)._decode_url(url)) if url.startswith(CIPHER) else url


BAIDU = Crawled(partial(feed, BaiduFeeder), _read, licences=licences_of(BaiduFeeder))
