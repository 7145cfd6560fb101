"""Turns result pages into pictures: icrawler's parsers, mended where they lose results.

Each yields dictionaries as icrawler's do: `file_url`, and `page` and `licence` where known. A page
in another shape raises ValueError, KeyError or TypeError instead of yielding nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from bs4 import BeautifulSoup
from icrawler import Parser
from icrawler.builtin.baidu import BaiduParser
from icrawler.builtin.bing import BingParser
from icrawler.builtin.flickr import FlickrParser
from icrawler.builtin.google import GoogleParser

Hit = dict[str, str]

# what a result of Bing names its picture in, where its data is no JSON: keys without quotes
BING_LOOSE = re.compile(r'\b(?:murl|imgurl)"?\s*:\s*"(http[^"]+)"')
# an original in Google's data: its address, height and width
GOOGLE_PICTURE = re.compile(r'\["(https?://[^"\s]+)",(\d+),(\d+)\]')
# the page that shows it, said some way behind it
GOOGLE_PAGE = re.compile(
    r'"2003":\[[^\[\]]*?"(https?://(?:[^"\\\s]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2})+)"'
)
GOOGLE_THUMBNAIL = "encrypted-tbn"
GOOGLE_HOSTS = ("google.com", "gstatic.com", "googleusercontent.com")
# how "http" begins in Baidu's cipher
BAIDU_CIPHER = "ippr"
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


class Refused(ValueError):
    """An engine gives nothing, and says why."""


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
        page = _soup(response)
        hits = _google_data(page) or _google_details(page) or _google_links(page)
        # icrawler returns None for a page without pictures
        hits = hits or [{"file_url": hit["file_url"]} for hit in super().parse(response) or []]
        own = [hit for hit in hits if not _host(hit["file_url"]).endswith(GOOGLE_HOSTS)]
        thumbnails = str(page).count(GOOGLE_THUMBNAIL)
        if thumbnails and not own:
            raise ValueError(f"{thumbnails} thumbnails without an original")
        yield from own


class BaiduPictures(BaiduParser):
    """Says so when an answer is not JSON: icrawler's parser only logs it."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield every result, of the answers of both shapes."""
        # \' is no JSON, and Baidu writes it
        text = response.content.decode("utf-8", "ignore").replace("\\'", "'")
        answer = json.loads(text, strict=False)
        if "data" not in answer:
            raise ValueError(f"no data in an answer with {sorted(answer)[:8]}")
        data = answer["data"]
        results = [hit for hit in (data if isinstance(data, list) else data["images"]) if hit]
        hits = [hit for result in results if (hit := self._hit(result))]
        if results and not hits:
            raise ValueError(f"{len(results)} results without an address")
        yield from hits

    def _hit(self, result: dict[str, Any]) -> Hit:
        names = ("objURL", "objurl", "hoverURL")
        url = next((result[name] for name in names if result.get(name)), "")
        page = str(result.get("fromURL") or result.get("fromurl") or "")
        return {"file_url": self._plain(str(url)), "page": self._plain(page)} if url else {}

    def _plain(self, url: str) -> str:
        return str(self._decode_url(url)) if url.startswith(BAIDU_CIPHER) else url


class FlickrPictures(FlickrParser):
    """Takes addresses from the search answer: icrawler's asks anew for each photo."""

    def parse(self, response: Page) -> Iterator[Hit]:
        """Yield each photo's largest public size."""
        answer = json.loads(response.content.decode("utf-8", "ignore"))
        if answer["stat"] != "ok":
            raise Refused(f"Flickr says {answer.get('message', 'no')!r}")
        for photo in answer["photos"]["photo"]:
            url = next((photo[size] for size in FLICKR_SIZES if photo.get(size)), None)
            url = url or _flickr_address(photo)
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


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _bing_data(text: str) -> dict[str, Any]:
    """A result's data; empty when it names no picture."""
    try:
        data = json.loads(text)
    except ValueError:
        loose = BING_LOOSE.search(text)
        return {"murl": loose[1]} if loose else {}
    return data if isinstance(data, dict) and data.get("murl") else {}


def _google_data(page: BeautifulSoup) -> list[Hit]:
    """Originals in the data of scripts, which may be a string within a script."""
    scripts = " ".join(str(script) for script in page.find_all("script"))
    plain = scripts.replace("\\x22", '"').replace("\\\\u", "\\u")
    pictures = list(GOOGLE_PICTURE.finditer(plain))
    # what is said of a picture ends where the next one begins
    ends = [*(picture.start() for picture in pictures), len(plain)][1:]
    pages = [
        GOOGLE_PAGE.search(plain, picture.end(), end)
        for picture, end in zip(pictures, ends, strict=True)
    ]
    return [
        {"file_url": _google_address(picture[1]), "page": _google_address(page[1] if page else "")}
        for picture, page in zip(pictures, pages, strict=True)
    ]


def _google_address(text: str) -> str:
    """An address without the escapes of scripts."""
    plain = re.sub(r"\\x(..)", r"\\u00\1", text)
    return str(json.loads(f'"{plain}"'))


def _google_details(page: BeautifulSoup) -> list[Hit]:
    """Originals in the details of each result, as pages had them until 2019."""
    details = [json.loads(part.get_text()) for part in page.find_all(class_="rg_meta")]
    return [
        {"file_url": str(detail["ou"]), "page": str(detail.get("ru") or "")} for detail in details
    ]


def _google_links(page: BeautifulSoup) -> list[Hit]:
    """Originals in links, as pages for browsers without scripts have them."""
    links = [parse_qs(urlsplit(str(link["href"])).query) for link in page.find_all("a", href=True)]
    return [
        {"file_url": link["imgurl"][0], "page": link.get("imgrefurl", [""])[0]}
        for link in links
        if "imgurl" in link
    ]


def _flickr_address(photo: dict[str, Any]) -> str:
    """Where a photo lies in its usual size, for answers without addresses."""
    if not (photo.get("server") and photo.get("secret")):
        return ""
    return f"https://live.staticflickr.com/{photo['server']}/{photo['id']}_{photo['secret']}.jpg"


def _flickr_origin(photo: dict[str, Any]) -> Hit:
    licence = str(photo.get("license", ""))
    page = f"https://www.flickr.com/photos/{photo.get('owner', '')}/{photo.get('id', '')}"
    return {"page": page, "licence": FLICKR_LICENCES.get(licence, licence and f"Flickr {licence}")}
