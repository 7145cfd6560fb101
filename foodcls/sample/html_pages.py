"""Turns parts of the sample web into HTML pages for crawlers and people."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template

from foodcls.sample.dishes import LABELS
from foodcls.sample.web import SampleItem

PER_PAGE = 48
LICENCE = "CC0-1.0"


def front_page() -> str:
    """A page that links the searches for all classes."""
    return _render("The sample web", searches=LABELS)


def result_page(query: str, found: Sequence[SampleItem], first: int) -> str:
    """Up to 48 results from place `first` on; past the end the page says "No results"."""
    following = first + PER_PAGE
    more = {"q": query, "first": following} if following < len(found) else {}
    return _render(f"{query} - pictures", shown=found[first:following], more=more)


def picture_page(item: SampleItem) -> str:
    """The page that a picture appears on."""
    return _render(item.found_as.replace("_", " "), item=item)


def _render(title: str, **values: object) -> str:
    return _template().render(title=title, licence=LICENCE, **values)


@lru_cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent / "page")
    return Environment(loader=folder, autoescape=True, trim_blocks=True).get_template("page.html")
