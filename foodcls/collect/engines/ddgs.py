"""DuckDuckGo's image search, by the library ddgs: it makes the addresses, and reads the answers.

ddgs 9.16 (MIT, https://github.com/deedy5/ddgs) asks for a page that holds a token, then for results
with it, 100 at a time; they come from Bing. Its own client takes on the looks of a random browser
and asks for no robots.txt: here each request is foodcls's own, with its name, its limits, and
robots.txt. DuckDuckGo offers no interface to programs, and what its terms say of them was not read
(2026-11-30, not tried live).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from foodcls.collect.engines.base import MAX_RESULTS, Access, Engine, Hit, Page, Question

PER_PAGE = 100
ANYWHERE = "wt-wt"  # its word for no region
# what it calls the licences that are filtered by
FILTERS = {
    "creativecommons": "Any",
    "publicdomain": "Public",
    "noncommercial": "Share",
    "noncommercial,modify": "Modify",
    "commercial": "ShareCommercially",
    "commercial,modify": "ModifyCommercially",
}


@dataclass(frozen=True)
class Ddgs(Engine):
    """DuckDuckGo's images."""

    has_door: bool = True
    licences: tuple[str, ...] = tuple(FILTERS)

    def lacks(self, access: Access) -> str:
        """The library, where it is not installed."""
        is_there = find_spec("ddgs") is not None
        return "" if is_there else "needs its library: pip install 'foodcls[ddgs]'"

    def pages(self, question: Question, access: Access) -> list[str]:
        """The page with the token; it names the filter, as the one for people does."""
        licence = FILTERS.get(question.licence)
        words = {"q": question.query} | ({"iaf": f"license:{licence}"} if licence else {})
        return [f"https://duckduckgo.com/?{urlencode(words)}"]

    def parse(self, page: Page) -> Iterator[Hit]:
        """Yield the pictures of a page of results; an odd one is passed over."""
        if not _is_results(page):
            return
        # the library takes an answer without this for an empty one
        count = len(json.loads(page.content)["results"])
        found = [(one.image, one.url) for one in _library().extract_results(_text(page))]
        hits: list[Hit] = [
            {"file_url": image, "page": str(shown or "")}
            for image, shown in found
            if isinstance(image, str) and image
        ]
        if count and not hits:
            raise ValueError(f"{count} results without an address")
        yield from hits

    def following(self, page: Page) -> str:
        """The address of the first results, by the token; behind results, that of the next."""
        from ddgs.exceptions import DDGSException

        parts, library = urlsplit(page.url), _library(page.content)
        words = dict(parse_qsl(parts.query))
        if _is_results(page):
            start = int(words.get("s", "0")) + PER_PAGE
            is_last = start >= MAX_RESULTS or not json.loads(page.content)["results"]
            words |= {"s": str(start)}
        else:
            is_last = False
            licence = words.get("iaf", "").removeprefix("license:")
            try:
                words = library.build_payload(
                    words["q"], ANYWHERE, "moderate", None, **{"license_image": licence}
                )
            except DDGSException as error:
                raise ValueError("a page without a token") from error
        place = urlsplit(library.search_url).path
        return "" if is_last else f"{parts.scheme}://{parts.netloc}{place}?{urlencode(words)}"

    def headers(self, access: Access) -> Mapping[str, str]:
        """Whence results are asked for."""
        return {"Accept": "*/*", "Referer": "https://duckduckgo.com/"}


def _is_results(page: Page) -> bool:
    return urlsplit(page.url).path.endswith(".js")


def _text(page: Page) -> str:
    return page.content.decode("utf-8", "replace")


def _library(content: bytes = b"") -> Any:
    """The library's engine, without its client: what that would be answered is known."""
    from ddgs.engines.duckduckgo_images import DuckduckgoImages

    engine: Any = DuckduckgoImages.__new__(DuckduckgoImages)
    engine.http_client = SimpleNamespace(
        request=lambda *words, **more: SimpleNamespace(content=content)
    )
    return engine


DDGS = Ddgs()
