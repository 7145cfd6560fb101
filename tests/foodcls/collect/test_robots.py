"""A site is asked for its robots.txt before its pictures, and what that says is kept."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from foodcls.collect.engines.base import Access, Question
from foodcls.collect.fetch import fetch_all
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.outcomes import FetchResult, Outcome
from foodcls.collect.search import search_all

RULES = (
    b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n\nUser-agent: foodcls\nDisallow: /no\nAllow: /no/but"
)


@pytest.fixture
def fetch(web, limits, store) -> Callable[..., dict[str, FetchResult]]:
    """The result of each path, by path."""

    def ask(*paths: str, **changes: object) -> dict[str, FetchResult]:
        results = fetch_all([web.url(path) for path in paths], replace(limits, **changes), store)
        return {one.url.removeprefix(web.url("")): one for one in results}

    return ask


def outcomes(results: dict[str, FetchResult]) -> list[str]:
    return [one.outcome.value for one in results.values()]


def test_what_robots_txt_disallows_is_not_asked_for(web, fetch, picture) -> None:
    web.say("/robots.txt", RULES)
    for path in ("/no/a", "/no/but/b", "/c"):
        web.say(path, picture(1))
    results = fetch("/no/a", "/no/but/b", "/c")
    assert {path: one.outcome.value for path, one in results.items()} == {
        "/no/a": "robots_txt", "/no/but/b": "ok", "/c": "ok"}  # fmt: skip
    assert web.url("/robots.txt") in results["/no/a"].detail
    assert web.hits == {"/robots.txt": 1, "/no/but/b": 1, "/c": 1}


def test_a_site_is_asked_once_a_day_however_many_pictures_wait(web, fetch, picture, limits) -> None:
    web.say("/robots.txt", b"User-agent: *\nDisallow: /b")
    paths = [f"/a{number}" for number in range(20)]
    for path in paths:
        web.say(path, picture(1))
    assert set(outcomes(fetch(*paths, "/b1"))) == {"ok", "robots_txt"}
    assert web.talks[0].path == "/robots.txt" and web.hits["/robots.txt"] == 1
    fetch("/b2")
    assert web.hits["/robots.txt"] == 1
    web.say("/robots.txt", b"")
    web.say("/b1", picture(2))
    later = fetch("/b1", clock=lambda: time.time() + 24 * 3600 + 1)
    assert (outcomes(later), web.hits["/robots.txt"]) == (["ok"], 2)


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "401 Unauthorized"])
def test_a_site_without_robots_txt_allows_all(web, fetch, picture, status) -> None:
    web.say("/robots.txt", RULES, status)
    web.say("/no", picture(1))
    assert outcomes(fetch("/no")) == ["ok"]


def test_a_site_whose_robots_txt_cannot_be_had_is_left_to_a_later_run(web, fetch, picture) -> None:
    web.say("/robots.txt", b"", "503 Busy")
    paths = [f"/{number}" for number in range(5)]
    for path in paths:
        web.say(path, picture(1))
    results = fetch(*paths)
    assert outcomes(results) == ["unavailable"] * 5
    assert {one.detail for one in results.values()} == {"robots.txt: HTTP 503"}
    assert web.hits == {"/robots.txt": 3}  # as often as one picture would have been
    web.say("/robots.txt", b"")
    assert outcomes(fetch(*paths)) == ["ok"] * 5


def test_a_robots_txt_that_is_longer_than_500_kib_is_not_read(web, fetch) -> None:
    web.say("/robots.txt", b"#" * 512_001)
    (result,) = fetch("/a", retries=0).values()
    assert result.outcome is Outcome.UNAVAILABLE and "512000" in result.detail
    web.say("/robots.txt", b"#" * 512_000)
    assert outcomes(fetch("/a")) == ["http_error"]


def test_a_robots_txt_that_moved_holds_for_the_site_that_sent_there(
    web, other_web, fetch, picture
) -> None:
    web.say("/robots.txt", b"", "301 Moved", Location=other_web.url("/rules"))
    other_web.say("/rules", b"User-agent: *\nDisallow: /a", X_Robots_Tag="noindex")
    web.say("/b", picture(1))
    assert outcomes(fetch("/a", "/b")) == ["robots_txt", "ok"]


def test_a_redirect_is_followed_only_where_its_own_site_allows(web, other_web, fetch) -> None:
    other_web.say("/robots.txt", b"User-agent: *\nDisallow: /")
    web.say("/a", b"", "302 Found", Location=other_web.url("/a"))
    assert outcomes(fetch("/a")) == ["robots_txt"]
    assert other_web.hits == {"/robots.txt": 1}


@pytest.mark.parametrize("words", ["Crawl-delay: 0.1", "Request-rate: 10/1s"])
def test_pauses_that_robots_txt_wants_are_kept(web, fetch, words, monkeypatch) -> None:
    web.say("/robots.txt", f"User-agent: *\n{words}\nDisallow: /no".encode())
    waits, claim = list[float](), HostLimiter.claim
    monkeypatch.setattr(
        HostLimiter, "claim", lambda *given: waits.append(claim(*given)) or waits[-1]
    )
    begun = time.monotonic()
    results = fetch("/1", "/2", "/3", *(f"/no{number}" for number in range(30)))
    assert Counter(outcomes(results)) == {"http_error": 3, "robots_txt": 30}
    # one behind robots.txt, and one behind each but the last; none for what is not asked for
    assert time.monotonic() - begun >= 0.3 - 0.05 and waits.count(0.0) == 4


def test_a_pause_longer_than_a_run_waits_is_a_refusal(web, fetch) -> None:
    web.say("/robots.txt", b"User-agent: *\nCrawl-delay: 86400")
    (result,) = fetch("/a").values()
    assert result.outcome is Outcome.ROBOTS_TXT and "86400 s" in result.detail


def test_an_interface_that_invites_programs_is_asked_whatever_robots_txt_says(
    web, other_web, limits, store
) -> None:
    for served in (web, other_web):
        served.say("/robots.txt", b"User-agent: *\nDisallow: /")
    asked = [Question(name, "soup", "soup", 5) for name in ("openverse", "bing")]
    access = Access(bases=(("openverse", web.url("")), ("bing", other_web.url(""))))
    said = {one.stats.engine: one.stats.reason for one in search_all(asked, access, limits, store)}
    assert "robots.txt" in said["bing"] and "robots.txt" not in said["openverse"]
    assert len(web.hits) == 1 and "/robots.txt" not in web.hits
    assert other_web.hits == {"/robots.txt": 1}
