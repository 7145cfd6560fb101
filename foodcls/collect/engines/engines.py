"""Turns a query into the addresses of result pages, by icrawler's feeders, and checks it first."""

import logging
import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

from icrawler import Feeder, Parser, SimpleSEFeeder
from icrawler.builtin.baidu import BaiduFeeder
from icrawler.builtin.bing import BingFeeder
from icrawler.builtin.flickr import FlickrFeeder
from icrawler.builtin.google import GoogleFeeder
from icrawler.utils import Signal

from foodcls.collect.engines.parsers import (
    FLICKR_SIZES,
    BaiduPictures,
    BingPictures,
    FlickrPictures,
    GooglePictures,
    SamplePictures,
)
from foodcls.errors import CollectError

# the engines repeat themselves beyond this
DEEPEST = 1000
# results that a page of the sample web shows
SAMPLE_PAGE = 48
SAMPLE_SEARCH = "http://sample.foodcls.test/search?q={}&first={}"
# Flickr's numbers of the licences that each filter of the other engines admits
FLICKR_FILTERS = {
    "creativecommons": "1,2,3,4,5,6,9",
    "publicdomain": "7,8,9,10",
    "noncommercial": "1,2,3,4,5,6,7,8,9,10",
    "noncommercial,modify": "1,2,4,5,7,8,9,10",
    "commercial": "4,5,6,7,8,9,10",
    "commercial,modify": "4,5,7,8,9,10",
}


@dataclass(frozen=True)
class Question:
    """A query put to an engine for a class; up to `limit` pictures are wanted."""

    engine: str
    label: str
    query: str
    limit: int
    licence: str = ""


@dataclass(frozen=True)
class Access:
    """How engines are reached: a key, and other servers in place of their own (scheme://host).

    Answers from before `since`, in seconds since 1970, do not count.
    """

    flickr_key: str = ""
    bases: tuple[tuple[str, str], ...] = ()
    since: float = 0.0

    def __repr__(self) -> str:
        return f"Access(bases={self.bases})"  # the key stays out of logs


@dataclass(frozen=True)
class Engine:
    """An engine: who makes its page addresses, who reads its pages."""

    feeder: type[Feeder]
    parser: type[Parser]
    arguments: Callable[[Question, str], dict[str, Any]]

    @property
    def licences(self) -> tuple[str, ...]:
        """The licences it can filter by."""
        if not hasattr(self.feeder, "get_filter"):
            return tuple(FLICKR_FILTERS)
        rules = _unthreaded(self.feeder).get_filter().rules
        return tuple(rules["license"][1]) if "license" in rules else ()


def _searched(question: Question, key: str) -> dict[str, Any]:
    filters = {"license": question.licence} if question.licence else None
    # icrawler puts the keyword into the address as it is
    keyword = quote_plus(question.query)
    return {"keyword": keyword, "offset": 0, "max_num": DEEPEST, "filters": filters}


def _googled(question: Question, key: str) -> dict[str, Any]:
    # the one feeder that quotes by itself
    return _searched(question, key) | {"keyword": question.query}


def _flickred(question: Question, key: str) -> dict[str, Any]:
    licence = FLICKR_FILTERS.get(question.licence)
    extras = ",".join(("license", *FLICKR_SIZES))
    words = {"apikey": key, "text": question.query, "per_page": 100, "extras": extras}
    return words | ({"license": licence} if licence else {})


def _sampled(question: Question, key: str) -> dict[str, Any]:
    return {
        "url_template": SAMPLE_SEARCH,
        "keyword": quote_plus(question.query),
        "offset": 0,
        "max_num": DEEPEST,
        "page_step": SAMPLE_PAGE,
    }


def _unthreaded(kind: type[Feeder] | type[Parser]) -> Any:
    """One of icrawler's parts, built without its threads; its output queue has no bound."""
    part = kind(thread_num=1, signal=Signal(), session=None)
    # it logs page addresses, and Flickr's hold the key
    part.logger = logging.Logger("icrawler", logging.CRITICAL + 1)
    part.out_queue = queue.SimpleQueue()
    return part


ENGINES = {
    "bing": Engine(BingFeeder, BingPictures, _searched),
    "google": Engine(GoogleFeeder, GooglePictures, _googled),
    "baidu": Engine(BaiduFeeder, BaiduPictures, _searched),
    "flickr": Engine(FlickrFeeder, FlickrPictures, _flickred),
    "sample": Engine(SimpleSEFeeder, SamplePictures, _sampled),
}


def check_questions(questions: Iterable[Question], access: Access) -> None:
    """CollectError when an engine cannot be asked so; no request is made."""
    for name, licence in sorted({(item.engine, item.licence) for item in questions}):
        if name == "flickr" and not access.flickr_key:
            raise CollectError(
                "the engine flickr needs a key: get one at https://www.flickr.com/services/api/keys/"
                " and set FLICKR_API_KEY, or take flickr out of collect.engines"
            )
        allowed = ENGINES[name].licences
        if licence and licence not in allowed:
            known = ", ".join(map(repr, allowed))
            raise CollectError(
                f"collect.licence {licence!r}: the engine {name} cannot filter by it; "
                + (f"it knows {known}" if known else "leave the licence or the engine out")
            )


def page_urls(question: Question, access: Access) -> list[str]:
    """The addresses of a question's result pages, first to last possible."""
    engine = ENGINES[question.engine]
    feeder = _unthreaded(engine.feeder)
    feeder.feed(**engine.arguments(question, access.flickr_key))
    base = dict(access.bases).get(question.engine, "")
    pages = (feeder.out_queue.get() for _ in range(feeder.out_queue.qsize()))
    return [_rebased(url, base) for url in pages]


def page_parser(engine: str) -> Any:
    """The engine's parser: `parse(page)` gives its pictures."""
    return _unthreaded(ENGINES[engine].parser)


def _rebased(url: str, base: str) -> str:
    parts = urlsplit(url)
    return url.replace(f"{parts.scheme}://{parts.netloc}", base.rstrip("/"), 1) if base else url
