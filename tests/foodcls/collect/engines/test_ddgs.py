"""The library ddgs, by answers in the shape that it reads, served on loopback to the real code.

Its endpoint is a constant of the library: its addresses are put on loopback, and its client, which
looks like a browser, is not used. DuckDuckGo was not asked.
"""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.registry import ENGINES
from foodcls.collect.search import SearchResult, search_all

TOKEN = b"<html><script>vqd='4-123456789';</script></html>"


def picture(number: int) -> dict[str, object]:
    place = f"http://a.test/{number}"
    told = {"title": "Sopa – 汤", "thumbnail": "http://t.test/1", "source": "Bing"}
    return told | {"image": f"{place}.jpg", "url": place, "height": 9, "width": 9}


@pytest.fixture
def ask(web, store, limits) -> Callable[..., SearchResult]:
    def search(limit: int = 150, licence: str = "") -> SearchResult:
        question = Question("ddgs", "soup", "tomato soup", limit, licence)
        access = Access(bases=(("ddgs", web.url("")),))
        (found,) = search_all([question], access, limits, store)
        return found

    web.say("/", TOKEN)
    return search


@pytest.fixture
def answer(web) -> Callable[..., None]:
    """Pages of results, by where they start."""

    def serve(*pages: object) -> None:
        async def reply(talk) -> None:
            words = parse_qs(urlsplit(talk.path).query)
            place = int(words.get("s", ["0"])[0]) // 100
            body = pages[place] if place < len(pages) else {"results": []}
            await talk.reply(body if isinstance(body, bytes) else json.dumps(body).encode())

        web.route("/i.js", reply)

    return serve


def test_pages_follow_each_other_by_the_librarys_addresses(web, ask, answer) -> None:
    first = [picture(number) for number in range(100)]
    answer({"results": first}, {"results": [*first[:50], *map(picture, range(100, 130))]})
    found = ask(licence="publicdomain")
    assert len(found.candidates) == 130 and found.stats.pages == 4
    assert found.candidates[0].url == "http://a.test/0.jpg"
    assert found.candidates[0].page == "http://a.test/0"
    assert found.candidates[0].licence_by == "filter"
    asked = [parse_qs(urlsplit(talk.path).query) for talk in web.talks if "/i.js" in talk.path]
    assert asked[0]["vqd"] == ["4-123456789"] and asked[0]["q"] == ["tomato soup"]
    assert "license:Public" in asked[0]["f"][0] and asked[1]["s"] == ["100"]
    # foodcls's own name, and no browser's
    agents = {talk.headers["user-agent"].partition("/")[0] for talk in web.talks}
    assert agents == {"foodcls"}


def test_fewer_are_asked_for_where_fewer_are_wanted(web, ask, answer) -> None:
    answer({"results": [picture(number) for number in range(100)]})
    assert len(ask(limit=5).candidates) == 5 and web.hits["/i.js"] == 1


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ({"results": []}, "no results"),
        ({"other": []}, "a page of unknown shape: KeyError: 'results' (page 2)"),
        (b"<html>not JSON</html>", "a page of unknown shape: JSONDecodeError"),
        ({"results": [{"title": "x"}]}, "1 results without an address"),
        ({"results": [7]}, "a page of unknown shape"),
        (b"<html>captcha: prove that you are no robot</html>", "consent or captcha page"),
    ],
    ids=["none", "no results key", "no JSON", "no address", "no object", "challenge"],
)
def test_what_it_may_answer_instead_is_told(ask, answer, page: object, reason: str) -> None:
    answer(page)
    assert reason in ask().stats.reason


def test_an_odd_result_among_others_is_passed_over(ask, answer) -> None:
    answer({"results": [picture(1), {"title": "x"}, {"image": None}, picture(2)]})
    assert [one.url[-5:] for one in ask().candidates] == ["1.jpg", "2.jpg"]


def test_a_page_without_a_token_and_a_refusal_are_told(web, ask) -> None:
    web.say("/", b"<html></html>")
    assert "a page without a token" in ask().stats.reason
    web.say("/", b"no", "403 Forbidden")
    assert "HTTP 403" in ask().stats.reason


def test_robots_txt_is_heeded(web, ask, answer) -> None:
    answer({"results": [picture(1)]})
    web.say("/robots.txt", b"User-agent: *\nDisallow: /i.js\n")
    assert "robots.txt disallows it" in ask().stats.reason and not web.hits["/i.js"]


def test_without_the_library_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr("foodcls.collect.engines.ddgs.find_spec", lambda name: None)
    assert "pip install 'foodcls[ddgs]'" in ENGINES["ddgs"].lacks(Access())
