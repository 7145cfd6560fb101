"""Says what an engine consists of: who makes its page addresses, and who reads its pages.

Parsers yield dictionaries as icrawler's do: `file_url`, and `page` and `licence` where known. A
page in another shape raises ValueError, KeyError or TypeError instead of yielding nothing.
"""

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from bs4 import BeautifulSoup
from icrawler import Feeder, Parser
from icrawler.utils import Signal

Hit = dict[str, str]

# the engines repeat themselves beyond this
MAX_RESULTS = 1000


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

    Answers from before `since`, in seconds since 1970, do not count. When `retrying`, all others
    do, however old, and only what trouble has stopped is asked again.
    """

    flickr_key: str = ""
    bases: tuple[tuple[str, str], ...] = ()
    since: float = 0.0
    retrying: bool = False

    def __repr__(self) -> str:
        return f"Access(bases={self.bases})"  # the key stays out of logs


class Refused(ValueError):
    """An engine answered that it gives nothing, and why."""


@dataclass(frozen=True)
class Page:
    """A result page: its address, and its bytes."""

    url: str
    content: bytes


@dataclass(frozen=True)
class Engine:
    """An engine: who makes its page addresses, who reads its pages, and what it needs to be asked.

    `arguments` are the feeder's, and `check` raises CollectError where the access is not enough.
    """

    feeder: type[Feeder]
    parser: type[Parser]
    arguments: Callable[[Question, Access], dict[str, Any]]
    filters: tuple[str, ...] = ()  # licences to filter by, where the feeder itself knows none
    check: Callable[[Access], None] = lambda access: None

    @property
    def licences(self) -> tuple[str, ...]:
        """The licences it can filter by."""
        if not hasattr(self.feeder, "get_filter"):
            return self.filters
        rules = unthreaded(self.feeder).get_filter().rules
        return tuple(rules["license"][1]) if "license" in rules else ()


def search_arguments(question: Question, access: Access) -> dict[str, Any]:
    """What icrawler's feeders of search engines take."""
    filters = {"license": question.licence} if question.licence else None
    # icrawler puts the keyword into the address as it is
    keyword = quote_plus(question.query)
    return {"keyword": keyword, "offset": 0, "max_num": MAX_RESULTS, "filters": filters}


def unthreaded(kind: type[Feeder] | type[Parser]) -> Any:
    """One of icrawler's parts, built without its threads; its output queue has no bound."""
    part = kind(thread_num=1, signal=Signal(), session=None)
    # it logs page addresses, and Flickr's hold the key
    part.logger = logging.Logger("icrawler", logging.CRITICAL + 1)
    part.out_queue = queue.SimpleQueue()
    return part


def read_html(page: Page) -> BeautifulSoup:
    """The page as a tree of elements."""
    return BeautifulSoup(page.content.decode("utf-8", "ignore"), "lxml")
