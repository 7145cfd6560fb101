"""The sample web's search, which needs no network."""

from collections.abc import Iterator
from urllib.parse import quote_plus, urljoin

from foodcls.collect.engines.base import MAX_RESULTS, Hit, Page, Question
from foodcls.collect.engines.crawled import Crawled, read_html
from foodcls.collect.engines.licences import FILTERS

# results that a page shows
PER_PAGE = 48
SEARCH = "http://sample.foodcls.test/search?q={}&first={}"


def _addresses(question: Question) -> list[str]:
    words = quote_plus(question.query)
    return [SEARCH.format(words, first) for first in range(0, MAX_RESULTS, PER_PAGE)]


def _read(page: Page) -> Iterator[Hit]:
    for link in read_html(page).find_all("a", class_="result"):
        yield {
            "file_url": urljoin(page.url, str(link["href"])),
            "page": urljoin(page.url, str(link.get("data-page", ""))),
            "licence": str(link.get("data-licence", "")),
        }


# all that it shows is free, so that it passes every filter
SAMPLE = Crawled(_addresses, _read, licences=tuple(FILTERS))
