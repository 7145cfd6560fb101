"""What engines whose pages are for people may answer, each in its shape, served on loopback."""

import json
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.official import Api
from foodcls.collect.engines.registry import ENGINES
from foodcls.collect.search import SearchResult, search_all

TITLE = "Mac & cheese #1 – pâté, 麻婆豆腐, كسكس, 🍝"
DOOR = "<html><script>vqd='4-123456789';</script></html>"
# of each engine: the path of its pages, the word of the query, and a page with these pictures
SHAPES: dict[str, tuple[str, str, Callable[[list[str]], str]]] = {
    "bing": (
        "/images/async",
        "q",
        lambda urls: (
            "<p>" + "".join(f'<a m="{escape(json.dumps({"murl": url}))}"></a>' for url in urls)
        ),
    ),
    "google": (
        "/search",
        "q",
        lambda urls: f"<script>{''.join(f'[{json.dumps(url)},600,900]' for url in urls)}</script>",
    ),
    "baidu": (
        "/search/acjson",
        "word",
        lambda urls: json.dumps({"data": [{"hoverURL": url} for url in urls]}),
    ),
    "ddgs": (
        "/i.js",
        "q",
        lambda urls: json.dumps(
            {"results": [{"image": url, "url": url, "title": TITLE} for url in urls]}
        ),
    ),
}
EACH = pytest.mark.parametrize("name", SHAPES)


@pytest.fixture
def ask(web, limits, store) -> Callable[..., SearchResult]:
    def search(name: str, limit: int = 50) -> SearchResult:
        access = Access(bases=((name, web.url("")),))
        (found,) = search_all([Question(name, "dish", TITLE, limit)], access, limits, store)
        return found

    web.say("/", DOOR.encode())
    return search


@pytest.fixture
def serve(web) -> Callable[..., None]:
    """Answer an engine's questions, one after the other, with pages of pictures."""

    def answer_with(name: str, *pages: list[int]) -> None:
        path, _, draw = SHAPES[name]

        async def answer(talk: Any) -> None:
            numbers = pages[talk.number - 1] if talk.number <= len(pages) else []
            await talk.reply(draw([f"http://p.test/{one}.jpg" for one in numbers]).encode())

        web.route(path, answer)

    return answer_with


def urls(found: SearchResult) -> list[str]:
    return [one.url for one in found.candidates]


def test_every_engine_without_an_official_interface_is_proven_here() -> None:
    assert set(SHAPES) == {
        name for name, one in ENGINES.items() if not isinstance(one, Api) and name != "sample"
    }


@EACH
def test_results_that_show_again_count_once_and_a_page_without_a_new_one_is_the_last(
    name: str, web, serve, ask
) -> None:
    """Whatever the script of the query."""
    serve(name, [1, 2], [2, 3], [1, 2, 3], [4])
    found = ask(name)
    assert urls(found) == [f"http://p.test/{number}.jpg" for number in (1, 2, 3)]
    path, word, _ = SHAPES[name]
    assert web.hits[path] == 3 and found.stats.reason == "no more results"
    for talk in web.talks:
        assert parse_qs(urlsplit(talk.path).query)[word] == [TITLE]


@EACH
def test_no_more_is_asked_for_than_is_wanted(name: str, web, serve, ask) -> None:
    serve(name, [1, 2], [3, 4], [5])
    assert len(urls(ask(name, limit=3))) == 3 and web.hits[SHAPES[name][0]] == 2


@EACH
def test_a_rate_limit_is_heeded(name: str, web, serve, ask, limit_rate) -> None:
    serve(name, [1], [1])
    path = "/" if name == "ddgs" else SHAPES[name][0]
    reason, asked = limit_rate(path)
    found = ask(name)
    assert found.stats.reason == (reason or "no more results")
    assert len(found.candidates) == (not reason)
    # Bing and its like tell no last page: the one behind it is asked for, too
    assert web.hits[path] - asked == (not reason and name != "ddgs")


@EACH
@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"<html><h1>Service overloaded</h1></html>"])
def test_an_error_page_gives_nothing_and_ends_no_run(name: str, body: bytes, web, ask) -> None:
    """A page for people has no sign by which one without results is told from one of an error."""
    web.say(SHAPES[name][0], body)
    found = ask(name)
    assert found.candidates == () and not found.stats.is_complete
    unknown = found.stats.reason.startswith(("a page of unknown shape", "an empty body"))
    assert unknown or (name in ("bing", "google") and found.stats.reason == "no results")
