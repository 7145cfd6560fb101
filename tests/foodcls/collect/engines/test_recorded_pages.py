"""Result pages in the engines' markup of today and of yesterday, served on loopback.

They were written for these tests, in recorded/; `@WEB@` stands for the server of the test.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from foodcls.collect.collect import Collected, CollectRequest, collect
from foodcls.collect.engines.base import MAX_RESULTS, Access, Question
from foodcls.collect.query_stats import TOO_DEEP
from foodcls.collect.search import SearchResult, search_all
from foodcls.recipe.data_settings import Collect, FoodClass

KEYS = {"FLICKR_API_KEY": "sesame"}
RECORDED = Path(__file__).with_name("recorded")
TRICKY = "mac & cheese #1 pâté"
PATHS = {
    "bing": "/images/async",
    "google": "/search",
    "baidu": "/search/acjson",
    "flickr": "/services/rest/",
}
KEYWORDS = {"bing": "q", "google": "q", "baidu": "word", "flickr": "text"}
JPEG, PNG, WEBP = "@WEB@/1.jpg?w=1&h=2", "@WEB@/2.png", "@WEB@/3.webp"
ODD = "@WEB@/p%C3%A2t%C3%A9%235"
STATIC = "https://live.staticflickr.com"
# the pictures of each page in its order, and whether it tells which page shows the first
FOUND = {
    "bing_today.html": ([JPEG, PNG, WEBP, "@WEB@/4.jpeg", ODD], True),
    "bing_yesterday.html": ([JPEG, PNG, WEBP], False),
    "google_today.html": ([JPEG, PNG, WEBP, ODD], True),
    "google_today_string.html": ([JPEG, PNG, WEBP], True),
    "google_plain.html": ([JPEG, PNG, WEBP], True),
    "baidu_today.json": ([JPEG, PNG, WEBP], True),
    "baidu_yesterday.json": ([JPEG, PNG, WEBP], True),
    "flickr_today.json": ([JPEG, PNG, WEBP], True),
    "flickr_yesterday.json": (
        [f"{STATIC}/8001/5301_a1b2.jpg", f"{STATIC}/8002/5302_a1b3.jpg"],
        True,
    ),
}
# why each page gives nothing
BARREN = {
    "bing_nothing.html": "no results",
    "bing_captcha.html": "consent or captcha page (page 1)",
    "bing_changed.html": "a page of unknown shape: ValueError: 2 results without an address",
    "google_nothing.html": "no results",
    "google_consent.html": "consent or captcha page (page 1)",
    "google_captcha.html": "consent or captcha page (page 1)",
    "google_scripts.html": "consent or captcha page (page 1)",
    "google_thumbnails.html": "a page of unknown shape: ValueError: 2 thumbnails without",
    "baidu_nothing.json": "no results",
    "baidu_captcha.json": "consent or captcha page (page 1)",
    "baidu_captcha.html": "consent or captcha page (page 1)",
    "baidu_changed.json": "a page of unknown shape: ValueError: 2 results without an address",
    "flickr_nothing.json": "no results",
    "flickr_key.json": "Flickr says 'Invalid API Key (Key has invalid format)'",
}


def coded(url: str) -> str:
    """An address as Baidu writes it."""
    plain, cipher = "abcdefghijklmnopqrstuvw1234567890", "wkv1ju2it3hs4g5rq6fp7eo8dn9cm0bla"
    codes = dict(zip(plain, cipher, strict=True)) | {":": "_z2C$q", ".": "_z&e3B", "/": "AzdH3F"}
    return "".join(codes.get(char, char) for char in url)


@pytest.fixture
def record(web) -> Callable[[str], str]:
    """Serve a recorded page as its engine's first page, and nothing as the others; the engine."""

    def read(name: str) -> bytes:
        text = (RECORDED / name).read_text().replace("@WEB@", web.url(""))
        return re.sub(r"@BAIDU:(.*?)@", lambda hit: coded(web.url(hit[1])), text).encode()

    def serve(name: str) -> str:
        engine = name.partition("_")[0]
        nothing = next(path.name for path in RECORDED.glob(f"{engine}_nothing.*"))

        async def answer(talk: Any) -> None:
            await talk.reply(read(name if talk.number == 1 else nothing))

        web.route(PATHS[engine], answer)
        return engine

    return serve


@pytest.fixture
def ask(web, limits, store) -> Callable[[str], SearchResult]:
    def search(engine: str) -> SearchResult:
        access = Access(KEYS, bases=((engine, web.url("")),))
        (found,) = search_all([Question(engine, "dish", TRICKY, 50)], access, limits, store)
        return found

    return search


@pytest.mark.parametrize("name", FOUND)
def test_a_recorded_page_gives_its_pictures_in_order(name: str, web, record, ask) -> None:
    wanted, tells_page = FOUND[name]
    engine = record(name)
    found = ask(engine)
    urls = [url.replace("@WEB@", web.url("")) for url in wanted]
    assert [one.url for one in found.candidates] == urls
    assert [one.rank for one in found.candidates] == list(range(1, len(urls) + 1))
    assert bool(found.candidates[0].page) == tells_page
    assert (found.stats.found, found.stats.pages, found.stats.reason) == (
        len(urls),
        1 if engine == "flickr" else 2,  # Flickr says that there is no other
        "no more results",
    )
    # what was asked is what was written, `&`, `#` and accents and all, on each page
    for talk in web.talks:
        assert parse_qs(urlsplit(talk.path).query)[KEYWORDS[engine]] == [TRICKY]


@pytest.mark.parametrize("name", ["google_today.html", "google_today_string.html"])
def test_each_picture_of_google_comes_with_its_own_page(name: str, web, record, ask) -> None:
    pages = [one.page for one in ask(record(name)).candidates]
    assert pages == [web.url(f"/page/{number}") for number in range(1, len(pages) + 1)]


@pytest.mark.parametrize("name", BARREN)
def test_a_page_that_gives_nothing_is_named_with_its_reason(name: str, record, ask, caplog) -> None:
    found = ask(record(name))
    assert found.candidates == () and not found.stats.is_complete
    assert found.stats.reason.startswith(BARREN[name])
    assert found.stats.reason in caplog.text


@pytest.fixture
def gather(web, store) -> Callable[..., Collected]:
    """Collect one class of these engines."""

    def run(*engines: str) -> Collected:
        access = Access(KEYS, bases=tuple((engine, web.url("")) for engine in engines))
        settings = Collect(
            engines=engines, allow_private_hosts=True, min_per_class=0, retries=0, timeout=5.0
        )
        dish = (FoodClass(name="dish", queries=(TRICKY,)),)
        return collect(CollectRequest(dish, settings, access=access), store)

    return run


@pytest.fixture
def pictures(web, noise, encode) -> dict[str, bytes]:
    """A picture of each format, at the addresses that the pages name."""
    kinds = {"/1.jpg": "JPEG", "/2.png": "PNG", "/3.webp": "WEBP"}
    made = {path: encode(noise(seed), kind) for seed, (path, kind) in enumerate(kinds.items())}
    for path, data in made.items():
        web.say(path, data)
    return made


@pytest.mark.parametrize("name", ["bing_today.html", "google_plain.html",
                                  "baidu_yesterday.json", "flickr_today.json"])  # fmt: skip
def test_what_a_page_names_is_fetched_whatever_its_format(
    name: str, record, gather, pictures, store
) -> None:
    engine = record(name)
    rows = gather(engine).manifest.iloc[:3]
    assert list(rows["outcome"]) == ["ok"] * 3 and set(rows["source"]) == {engine}
    assert [store.read(digest) for digest in rows["id"]] == list(pictures.values())


@pytest.mark.parametrize("name", [name for name in BARREN if "_nothing" not in name])
def test_the_next_engine_takes_over(name: str, record, gather, pictures) -> None:
    other = "google_plain.html" if name.startswith(("bing", "baidu")) else "bing_yesterday.html"
    engines = (record(name), record(other))
    collected = gather(*engines)
    barren, fertile = collected.stats
    assert (barren.engine, barren.found) == (engines[0], 0)
    assert barren.reason.startswith(BARREN[name])
    assert (fertile.engine, fertile.found) == (engines[1], 3)
    assert set(collected.manifest["source"]) == {engines[1]}
    assert (collected.manifest["state"] == "kept").all()


def test_an_engine_that_could_give_more_than_may_be_asked_for_says_so(web, limits, store) -> None:
    async def endless(talk: Any) -> None:
        data = f'{{"murl": "{web.url(f"/{talk.number}.jpg")}"}}'
        await talk.reply(f"<a m='{data}'></a>".encode())

    web.route(PATHS["bing"], endless)
    access = Access(bases=(("bing", web.url("")),))
    (found,) = search_all([Question("bing", "dish", "soup", 5000)], access, limits, store)
    assert (
        found.stats.reason
        == TOO_DEEP
        == f"more than the first {MAX_RESULTS} results cannot be asked for"
    )
    assert (
        found.stats.found == found.stats.pages == web.hits[PATHS["bing"]]
        and found.stats.is_complete
    )
