"""Turns result pages into pictures: icrawler's parsers, mended where they lose results.

Each yields dictionaries as icrawler's do: `file_url`, and `page` and `licence` where known. A page
in another shape raises ValueError, KeyError or TypeError instead of yielding nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from icrawler import Parser
from icrawler.builtin.baidu import BaiduParser
from icrawler.builtin.bing import BingParser
from icrawler.builtin.flickr import FlickrParser
from icrawler.builtin.google import GoogleParser

Hit = dict[str, str]

# an original in Google's data: its address, height and width
GOOGLE_PICTURE = re.compile(r'\["(https?://[^"\s]+)",(\d+),(\d+)\]')
GOOGLE_HOSTS = ("google.com", "gstatic.com", "googleusercontent.com")
# largest first; search answers carry these addresses, so that no photo needs a question of its own
FLICKR_SIZES = ("url_o", "url_k", "url_h", "url_l", "url_c", "url_z", "url_m")
FLICKR_LICENCES = {
    "0": "all rights reserved",
    "1": "CC-BY-NC-SA-2.0",
    "2": "CC-BY-NC-2.0",
    "3": "CC-BY-NC-ND-2.0",
    "4": "CC-BY-2.0",
    "5": "CC-BY-SA-2.0",
    "6": "CC-BY-ND-2.0",
    "7": "no known restrictions",
    "8": "US government work",
    "9": "CC0-1.0",
    "10": "PDM-1.0",
}


@dataclass(frozen=True)
class Page:
    """What a parser asks of an answer."""

    url: str
    content: bytes


class BingPictures(BingParser):
    """Reads the data of each result: icrawler's pattern keeps .jpg only and cuts addresses."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield every result, whatever its format; an odd one among others is passed over."""
        links = _soup(response).find_all("a", attrs={"m": True})
        results = [data for link in links if (data := _bing_data(str(link["m"])))]
        if links and not results:
            raise ValueError(f"{len(links)} results without an address")
        for data in results:
            yield {"file_url": str(data["murl"]), "page": str(data.get("purl") or "")}


class GooglePictures(GoogleParser):
    """Reads the originals from the page's data: icrawler's pattern may yield the logo alone."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield every original; fall back on icrawler's pattern."""
        scripts = " ".join(str(script) for script in _soup(response).find_all("script"))
        found = [json.loads(f'"{match[1]}"') for match in GOOGLE_PICTURE.finditer(scripts)]
        # icrawler returns None for a page without pictures
        plain = found or [hit["file_url"] for hit in super().parse(response) or []]
        for url in plain:
            if not (urlsplit(url).hostname or "").endswith(GOOGLE_HOSTS):
                yield {"file_url": url}


class BaiduPictures(BaiduParser):
    """Says so when an answer is not JSON: icrawler's parser only logs it."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield every result."""
        answer = json.loads(response.content.decode("utf-8", "ignore"), strict=False)
        if "data" not in answer:
            raise ValueError(f"no data in an answer with {sorted(answer)[:8]}")
        for hit in super().parse(response):
            yield {"file_url": str(hit["file_url"])}


class FlickrPictures(FlickrParser):
    """Takes addresses from the search answer: icrawler's asks anew for each photo."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield each photo's largest public size."""
        answer = json.loads(response.content.decode("utf-8", "ignore"))
        if answer["stat"] != "ok":
            raise ValueError(f"Flickr says {answer.get('message', 'no')!r}")
        for photo in answer["photos"]["photo"]:
            url = next((photo[size] for size in FLICKR_SIZES if photo.get(size)), None)
            if url:
                yield {"file_url": str(url)} | _flickr_origin(photo)


class SamplePictures(Parser):
    """Reads the result page of the sample web."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield every result."""
        for link in _soup(response).find_all("a", class_="result"):
            yield {
                "file_url": urljoin(response.url, str(link["href"])),
                "page": urljoin(response.url, str(link.get("data-page", ""))),
                "licence": str(link.get("data-licence", "")),
            }


def _soup(response: Page) -> BeautifulSoup:
    return BeautifulSoup(response.content.decode("utf-8", "ignore"), "lxml")


def _bing_data(text: str) -> dict[str, Any]:
    """A result's data; empty when it names no picture."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) and data.get("murl") else {}


def _flickr_origin(photo: dict[str, Any]) -> Hit:
    licence = str(photo.get("license", ""))
    page = f"https://www.flickr.com/photos/{photo.get('owner', '')}/{photo.get('id', '')}"
    return {"page": page, "licence": FLICKR_LICENCES.get(licence, licence and f"Flickr {licence}")}
