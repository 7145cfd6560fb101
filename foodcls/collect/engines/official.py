"""Official interfaces: JSON, asked for page by page; what they share is here, each in its file."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from bs4 import BeautifulSoup

from foodcls.collect.engines.base import Access, Engine, Hit, Page, Question

Words = dict[str, str]

# what reading raises where a value has another type than it should
ODD = (ValueError, LookupError, TypeError, AttributeError, OverflowError)
MARKUP = 10_000  # characters of a field that are looked at


@dataclass(frozen=True)
class Api(Engine):
    """An interface that answers words of an address (`?q=soup&page=1`) in JSON."""

    address: str
    words: Callable[[Question, Access], Words]
    results: Callable[[Any], list[Any]]  # of an answer; raises where that has another shape
    hit: Callable[[Any], Hit]  # without `file_url` where a result names no picture
    # the last page that may be asked for, by an answer; pages are numbered by the word `page`
    last: Callable[[Any], int] = lambda answer: 1
    login: Callable[[Access], Words] = lambda access: {}  # as headers, from the keys

    def pages(self, question: Question, access: Access) -> list[str]:
        """The address of the first page; the others are told by the page before."""
        return [f"{self.address}?{urlencode(self.words(question, access))}"]

    def parse(self, page: Page) -> Iterator[Hit]:
        """Yield the pictures; an odd result among others is passed over."""
        results = self.results(json.loads(page.content))
        hits = [hit for one in results if (hit := self._hit(one)).get("file_url")]
        if results and not hits:
            raise ValueError(f"{len(results)} results without an address")
        yield from hits

    def _hit(self, result: Any) -> Hit:
        try:
            return self.hit(result)
        except ODD:
            return {}

    def following(self, page: Page) -> str:
        """The address of the page behind this one, on the same server."""
        words = dict(parse_qsl(urlsplit(page.url).query))
        more = self.more(json.loads(page.content), words)
        place = page.url.partition("?")[0]
        return f"{place}?{urlencode(words | more)}" if more else ""

    def more(self, answer: Any, words: Words) -> Words:
        """What the next page's address has in place of these words; none behind the last page."""
        number = int(words.get("page", "1")) + 1
        return {"page": str(number)} if number <= self.last(answer) else {}

    def headers(self, access: Access) -> Mapping[str, str]:
        """The key, where the interface takes it as a header."""
        return {"Accept": "application/json"} | self.login(access)


def text(value: Any, *names: str) -> str:
    """What stands under these names, one within the other, as text; empty where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int | float) else ""


def plain(markup: str) -> str:
    """HTML as one line of text."""
    return " ".join(BeautifulSoup(markup[:MARKUP], "lxml").get_text(" ").split())
