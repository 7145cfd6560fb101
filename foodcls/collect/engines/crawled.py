"""Engines whose result pages are made for people: icrawler makes the addresses, and reads some."""

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
    """An engine by what makes the addresses of all its pages, and what reads a page."""

    addresses: Callable[[Question], list[str]]
    read: Callable[[Page], Iterable[Hit]]

    def pages(self, question: Question, access: Access) -> list[str]:
        """The addresses of all pages, first to last possible."""
        return self.addresses(question)

    def parse(self, page: Page) -> Iterable[Hit]:
        """The pictures of a page."""
        return self.read(page)


def feed(
    kind: type[Feeder], question: Question, quote: Callable[[str], str] = quote_plus
) -> list[str]:
    """The addresses that one of icrawler's feeders makes of a query; most do not quote it."""
    feeder = unthreaded(kind)
    filters = {"license": question.licence} if question.licence else None
    feeder.feed(keyword=quote(question.query), offset=0, max_num=MAX_RESULTS, filters=filters)
    return [feeder.out_queue.get() for _ in range(feeder.out_queue.qsize())]


def licences_of(feeder: type[Feeder]) -> tuple[str, ...]:
    """The licences that a feeder can filter by."""
    rules = unthreaded(feeder).get_filter().rules
    return tuple(rules["license"][1]) if "license" in rules else ()


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
