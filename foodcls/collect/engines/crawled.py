"""Engines whose result pages are made for people: icrawler makes the addresses, and reads them."""

import logging
import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from bs4 import BeautifulSoup
from icrawler import Feeder, Parser
from icrawler.utils import Signal

from foodcls.collect.engines.base import MAX_RESULTS, Access, Engine, Hit, Page, Question


@dataclass(frozen=True)
class Crawled(Engine):
    """An engine of icrawler: who makes its page addresses, and who reads its pages."""

    feeder: type[Feeder]
    parser: type[Parser]
    arguments: Callable[[Question], dict[str, Any]]  # the feeder's
    filters: tuple[str, ...] = ()  # licences to filter by, where the feeder itself knows none

    @property
    def licences(self) -> tuple[str, ...]:
        """The licences that its feeder knows."""
        if not hasattr(self.feeder, "get_filter"):
            return self.filters
        rules = unthreaded(self.feeder).get_filter().rules
        return tuple(rules["license"][1]) if "license" in rules else ()

    def pages(self, question: Question, access: Access) -> list[str]:
        """The addresses of all pages, first to last possible."""
        feeder = unthreaded(self.feeder)
        feeder.feed(**self.arguments(question))
        return [feeder.out_queue.get() for _ in range(feeder.out_queue.qsize())]

    def parse(self, page: Page) -> Iterable[Hit]:
        """The pictures that the parser finds."""
        found: Iterable[Hit] = unthreaded(self.parser).parse(page)
        return found


def search_arguments(question: Question) -> dict[str, Any]:
    """What icrawler's feeders of search engines take."""
    filters = {"license": question.licence} if question.licence else None
    # icrawler puts the keyword into the address as it is
    keyword = quote_plus(question.query)
    return {"keyword": keyword, "offset": 0, "max_num": MAX_RESULTS, "filters": filters}


def unthreaded(kind: type[Feeder] | type[Parser]) -> Any:
    """One of icrawler's parts, built without its threads; its output queue has no bound."""
    part = kind(thread_num=1, signal=Signal(), session=None)
    # it logs page addresses
    part.logger = logging.Logger("icrawler", logging.CRITICAL + 1)
    part.out_queue = queue.SimpleQueue()
    return part


def read_html(page: Page) -> BeautifulSoup:
    """The page as a tree of elements."""
    return BeautifulSoup(page.content.decode("utf-8", "ignore"), "lxml")
