"""The sample web's search, which needs no network."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus, urljoin

from icrawler import Parser, SimpleSEFeeder

from foodcls.collect.engines.base import MAX_RESULTS, Hit, Page, Question
from foodcls.collect.engines.crawled import Crawled, read_html
from foodcls.collect.engines.licences import FILTERS

# results that a page shows
PER_PAGE = 48
SEARCH = "http://sample.foodcls.test/search?q={}&first={}"


class SamplePictures(Parser):
    """Reads the result page of the sample web."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield every result."""
        for link in read_html(response).find_all("a", class_="result"):
            yield {
                "file_url": urljoin(response.url, str(link["href"])),
                "page": urljoin(response.url, str(link.get("data-page", ""))),
                "licence": str(link.get("data-licence", "")),
            }


def _arguments(question: Question) -> dict[str, Any]:
    return {
        "url_template": SEARCH,
        "keyword": quote_plus(question.query),
        "offset": 0,
        "max_num": MAX_RESULTS,
        "page_step": PER_PAGE,
    }


# all that it shows is free, so that it passes every filter
SAMPLE = Crawled(SimpleSEFeeder, SamplePictures, _arguments, tuple(FILTERS))
