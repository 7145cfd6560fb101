import html
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from foodcls.collect.engines.base import Access, Question
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.table import HostPolicy
from foodcls.collect.query_stats import QueryStats
from foodcls.collect.rate_limits import RateLimits
from foodcls.collect.search import FRESH, SearchResult, refresh_since, search_all
from foodcls.progress import Forecast
from foodcls.store.store import Store

PATH = "/images/async"
KEYS = {"FLICKR_API_KEY": "sesame"}


def bing_page(urls: list[str]) -> bytes:
    results = (html.escape(json.dumps({"murl": url})) for url in urls)
    divs = "".join(f'<div class="imgpt"><a m="{one}"></a></div>' for one in results)
    return f"<html>{divs}</html>".encode()


@pytest.fixture
def bing(web) -> Callable[[int], None]:
    """Let the web answer as Bing with so many results a query, 35 a page."""

    def serve(total: int) -> None:
        async def answer(talk) -> None:
            asked = parse_qs(urlsplit(talk.path).query)
            first = int(asked["first"][0])
            numbers = range(first, min(first + 35, total))
            await talk.reply(bing_page([f"http://p.test/{n}.jpg" for n in numbers]))

        web.route(PATH, answer)

    return serve


@pytest.fixture
def ask(web, limits, store) -> Callable[..., list[SearchResult]]:
    def search(*questions: Question, **changes: object) -> list[SearchResult]:
        names = {question.engine for question in questions}
        access = Access(KEYS, bases=tuple((name, web.url("")) for name in sorted(names)))
        return list(search_all(questions, access, replace(limits, **changes), store))

    search.limits, search.store = limits, store
    return search


@pytest.fixture
def access(web) -> Access:
    return Access(bases=(("bing", web.url("")),))


def question(engine: str = "bing", query: str = "soup", limit: int = 50) -> Question:
    return Question(engine, "dish", query, limit)


def test_results_are_ranked_without_repeats_up_to_the_limit(bing, ask) -> None:
    bing(200)
    (found,) = ask(question(limit=50))
    assert [one.rank for one in found.candidates] == list(range(1, 51))
    assert [one.url for one in found.candidates] == [f"http://p.test/{n}.jpg" for n in range(50)]
    assert found.stats == QueryStats("bing", "dish", "soup", 2, 50, "")


def test_a_search_ends_where_pages_bring_nothing_new(web, bing, ask) -> None:
    bing(40)
    (found,) = ask(question(limit=500))
    assert (found.stats.found, found.stats.pages) == (40, 3)
    assert found.stats.reason == "no more results"
    assert web.hits[PATH] == 3


def test_queries_arrive_as_they_were_written(web, bing, ask) -> None:
    bing(1)
    ask(question(query="mac & cheese #1 pâté", limit=1))
    assert parse_qs(urlsplit(web.talks[0].path).query)["q"] == ["mac & cheese #1 pâté"]


@pytest.mark.parametrize(
    ("engine", "path", "body", "status", "reason"),
    [
        ("bing", PATH, b"<html><p>nothing</html>", "200 OK", "no results"),
        ("bing", PATH, b"<form id=captcha></form>", "200 OK", "consent or captcha page (page 1)"),
        ("bing", PATH, b"", "429 Slow down", "HTTP 429 (page 1)"),
        ("bing", PATH, b"", "200 OK", "an empty body (page 1)"),
        ("google", "/search", b"<html><script>1</script>", "200 OK", "no results"),
        ("google", "/search", b"Before you continue to Google", "200 OK", "consent or captcha"),
        ("google", "/search", b"<noscript>/httpservice/retry/enablejs", "200 OK", "consent or"),
        ("baidu", "/search/acjson", b"<html>", "200 OK", "a page of unknown shape: JSONDecode"),
        ("baidu", "/search/acjson", b"[" * 200_000, "200 OK", "unknown shape: RecursionError"),
        ("baidu", "/search/acjson", '{"x":"安全验证"}'.encode(), "200 OK", "consent or captcha"),
        ("baidu", "/search/acjson", b'{"data": [{}]}', "200 OK", "no results"),
        (
            "flickr",
            "/services/rest/",
            b'{"stat": "fail", "message": "Invalid API Key"}',
            "200 OK",
            "Flickr says 'Invalid API Key'",
        ),
        ("flickr", "/services/rest/", b'{"stat": "ok"}', "200 OK", "unknown shape: KeyError"),
    ],
)
def test_an_engine_that_gives_nothing_says_why(
    engine: str, path: str, body: bytes, status: str, reason: str, web, ask, caplog
) -> None:
    web.say(path, body, status)
    (found,) = ask(question(engine))
    assert found.candidates == ()
    assert reason in found.stats.reason
    assert not found.stats.is_complete
    assert found.stats.reason in caplog.text
    assert "sesame" not in caplog.text + found.stats.reason


@pytest.mark.parametrize(
    ("engine", "path", "body", "status"),
    [
        ("bing", PATH, b"<form id=captcha></form>", "200 OK"),
        ("bing", PATH, b"", "403 Forbidden"),
        ("flickr", "/services/rest/", b"no such key", "400 Bad Request"),
        ("flickr", "/services/rest/", b'{"stat": "fail", "code": 100}', "200 OK"),
        ("openverse", "/v1/images/", b"", "429 Retry-After 3600"),
    ],
)
def test_an_engine_that_refuses_whoever_asks_is_asked_no_other_query_until_the_next_run(
    engine: str, path: str, body: bytes, status: str, web, bing, ask, caplog
) -> None:
    """The other engine is asked all its queries, and the next run asks what was left out."""
    status, _, wait = status.partition(" Retry-After ")
    web.say(path, body, status, **({"Retry_After": wait} if wait else {}))
    web.say("/search/acjson", b'{"data": [{}]}')
    asked = [question(name, f"soup {n}", 5) for name in (engine, "baidu") for n in range(12)]
    bounds = {"limiter": HostLimiter({"127.0.0.1": HostPolicy(1)}), "retries": 0}
    found = ask(*asked, **bounds)
    assert (web.hits[path], web.hits["/search/acjson"]) == (1, 12)
    stopped = [one.stats for one in found if one.question.engine == engine]
    assert len(stopped) == 12 and all(one.is_passing for one in stopped)
    assert sum(one.pages for one in stopped) == 1
    said = [line for line in caplog.messages if "11 of 12 queries, which the next run asks" in line]
    assert len(said) == 1 and len([line for line in caplog.messages if engine in line]) == 2
    if engine == "openverse":
        access = Access(bases=(("openverse", web.url("")),))
        assert RateLimits(access, ask.store, time.time).used("openverse") == 1
    ask(*asked, **bounds)
    assert web.hits[path] == 2
    if engine == "bing":
        bing(5)
        assert {one.stats.found for one in ask(*asked[:12], **bounds)} == {5}


def test_an_engine_that_redirects_to_its_refusal_is_asked_no_other_query(web, ask) -> None:
    web.say("/sorry/index", b"", "429 Too Many Requests")
    web.say(PATH, b"", "302 Found", Location=web.url("/sorry/index"))
    bounds = {"limiter": HostLimiter({"127.0.0.1": HostPolicy(1)}), "retries": 0}
    found = ask(*(question("bing", f"soup {n}", 5) for n in range(5)), **bounds)
    assert len(found) == 5 and web.hits[PATH] == 1


def test_a_wall_met_later_keeps_what_was_found(web, ask) -> None:
    async def answer(talk) -> None:
        if talk.number == 1:
            await talk.reply(bing_page(["http://p.test/1.jpg"]))
        else:
            await talk.reply(b"our systems have detected unusual traffic")

    web.route(PATH, answer)
    (found,) = ask(question())
    assert (found.stats.found, found.stats.is_complete) == (1, False)
    assert found.stats.reason == "consent or captcha page (page 2)"


def test_an_answer_is_remembered_for_half_a_day(web, bing, ask) -> None:
    bing(40)
    first = ask(question(), clock=lambda: 1000.0)
    hits = web.hits[PATH]
    assert ask(question(), clock=lambda: 1000.0 + FRESH - 1) == first
    assert web.hits[PATH] == hits
    ask(question(), clock=lambda: 1000.0 + FRESH)
    assert web.hits[PATH] == 2 * hits


def test_a_retry_asks_only_what_trouble_stopped_and_loses_nothing(web, bing, ask) -> None:
    bing(40)
    whole, none = question("bing", "soup"), question("google", "nothing")
    web.say("/search", b"<html><script>1</script>")
    first = ask(whole, none)
    # a wall at the second page, then at the first, then none
    walls, moved = {1: 2, 2: 1, 3: 9}, "/moved"
    runs: list[int] = []

    async def answer(talk) -> None:
        runs[-1] += 1
        if runs[-1] >= walls[len(runs)]:
            await talk.reply(b"our systems have detected unusual traffic")
        else:
            at = 35 * (runs[-1] - 1)
            await talk.reply(bing_page([f"http://p.test/{n}.jpg" for n in range(at, at + 35)]))

    web.route(f"{moved}{PATH}", answer)
    stopped = Question("bing", "dish", "stew", 60)
    access = Access(bases=(("bing", web.url(moved)),))

    def run(**more: object) -> QueryStats:
        runs.append(0)
        (found,) = search_all([stopped], replace(access, **more), ask.limits, ask.store)
        return found.stats

    assert (run().found, run(retrying=True).found) == (35, 35)
    assert run(retrying=True).found == 60
    hits = web.hits.copy()
    years = replace(ask.limits, clock=lambda: time.time() + 1e8)
    every = replace(access, bases=(("bing", web.url("")), ("google", web.url(""))), retrying=True)
    again = search_all([whole, none], every, years, ask.store)
    assert {one.question: one for one in again} == {one.question: one for one in first}
    assert web.hits == hits


def test_an_answer_from_before_it_counts_is_asked_for_anew(
    web, bing, access, limits, store
) -> None:
    bing(40)
    for since, now, asked in ((0.0, 1000.0, 3), (1000.0, 1001.0, 3), (1000.5, 1001.0, 6)):
        bounds = replace(limits, clock=lambda now=now: now)
        list(search_all([question()], replace(access, since=since), bounds, store))
        assert web.hits[PATH] == asked


def test_an_answer_that_failed_is_asked_again(web, bing, ask) -> None:
    web.say(PATH, b"<form id=captcha>")
    assert not ask(question())[0].stats.is_complete
    bing(10)
    assert ask(question())[0].stats.found == 10


def test_questions_go_side_by_side(web, bing, ask) -> None:
    bing(10)
    found = ask(*(question(query=f"soup {number}") for number in range(6)))
    assert sorted(one.stats.query for one in found) == [f"soup {number}" for number in range(6)]
    assert 1 < web.busiest <= 4


@pytest.mark.parametrize("licence", ["commercial", ""])
def test_a_filter_is_not_passed_off_as_a_pictures_licence(licence: str, web, bing, ask) -> None:
    bing(1)
    photos = [{"id": "1", "license": number, "url_o": f"http://p.test/{number}"} for number in "45"]
    answer = {"stat": "ok", "photos": {"photo": [*photos, {"url_o": "http://p.test/0"}]}}
    web.say("/services/rest/", json.dumps(answer).encode())
    found = ask(*(Question(engine, "dish", "soup", 3, licence) for engine in ("bing", "flickr")))
    told = {
        one.question.engine: [candidate.licence for candidate in one.candidates] for one in found
    }
    bings, flickrs = ("commercial (as bing filters)", "commercial (as flickr filters)")
    assert told["bing"] == ([bings] if licence else [""])
    # a licence that comes with the picture stands as it is
    assert told["flickr"] == ["CC-BY-2.0", "CC-BY-SA-2.0", flickrs if licence else ""]


def test_result_pages_need_not_want_to_be_indexed(web, ask) -> None:
    web.say(PATH, bing_page(["http://p.test/1.jpg"]), X_Robots_Tag="noindex")
    assert ask(question())[0].stats.found == 1


def test_an_answer_with_broken_text_is_made_printable(web, ask) -> None:
    web.say(PATH, bing_page(["http://p.test/\ud800\n.jpg"]))
    (found,) = ask(question())
    assert found.candidates[0].url == "http://p.test/%ED%A0%80%0A.jpg"


SOUP, RICE = (Question("bing", "dish", query, 5) for query in ("soup", "rice"))


def since(store: Store, now: float, *questions: Question, fails: bool = False) -> float:
    """From when on answers count in a run at `now`; one that fails is cut off."""
    with suppress(KeyboardInterrupt), refresh_since(questions, store, now) as begun:
        if fails:
            raise KeyboardInterrupt
    return begun


def test_answers_count_from_the_begin_of_a_run(store) -> None:
    assert [since(store, now, SOUP) for now in (1000.0, 1010.0)] == [1000.0, 1010.0]


def test_a_run_goes_on_where_one_was_cut_off(store) -> None:
    runs = [(1000.0, True), (1010.0, True), (1020.0, False), (1030.0, False)]
    begun = [since(store, now, SOUP, fails=fails) for now, fails in runs]
    assert begun == [1000.0, 1000.0, 1000.0, 1030.0]


def test_a_run_that_was_cut_off_long_ago_or_asked_something_else_does_not_count(store) -> None:
    since(store, 1000.0, SOUP, fails=True)
    assert since(store, 1010.0, RICE) == 1010.0
    assert since(store, 1000.0 + FRESH, SOUP) == 1000.0 + FRESH


def test_what_an_engine_answered_to_who_is_permitted_is_for_nobody_else(web, limits, store) -> None:
    photo = {"src": {"original": "http://p.test/1.jpg"}}
    web.say("/v1/search", json.dumps({"total_results": 1, "photos": [photo]}).encode())
    access = Access({"PEXELS_API_KEY": "x"}, bases=(("pexels", web.url("")),))
    # who is not asked loses nothing of what is remembered
    for permitted, found in ((("pexels",), 1), ((), 0), (("pexels",), 1)):
        asked = search_all(
            [question("pexels")], replace(access, permitted=permitted), limits, store
        )
        assert sum(len(one.candidates) for one in asked) == found
    assert web.hits["/v1/search"] == 1


def test_a_slow_search_tells_after_a_tenth_how_long_it_takes(web, limits, store) -> None:
    """Ten queries of up to five pages, in series and with pauses: some have fewer results."""

    async def answer(talk) -> None:
        words = parse_qs(urlsplit(talk.path).query)
        page, number = int(words["page"][0]), int(words["q"][0].split()[1])
        pages = 2 if number % 5 == 1 else 5
        found = [{"url": f"http://p.test/{number}-{page}-{n}.jpg"} for n in range(20)]
        await talk.reply(json.dumps({"page_count": pages, "results": found}).encode())

    web.route("/v1/images/", answer)
    asked = [Question("openverse", "dish", f"soup {number}", 100) for number in range(10)]
    bounds = replace(limits, limiter=HostLimiter({"127.0.0.1": HostPolicy(1, 0.02)}))
    access = Access(bases=(("openverse", web.url("")),))
    begun, told = time.monotonic(), list[tuple[int, float]]()

    class Told(Forecast):
        def tell(self, seconds: float) -> None:
            # in times of what has gone by, as a busy machine makes both longer
            told.append((web.hits["/v1/images/"], seconds / (time.monotonic() - begun)))

    list(search_all(asked, access, bounds, store, Told()))
    assert web.hits["/v1/images/"] == 44
    # a tenth is within the first round, in which no query has ended
    within = [(read, left) for read, left in told if 4 < read < 40]
    assert len(within) > 20
    for read, left in within:
        assert 0.5 < left / ((44 - read) / read) < 2


def test_nothing_is_foretold_before_an_engine_has_answered(
    bing, access: Access, limits, store: Store
) -> None:
    bing(10)
    asked, forecast = [question("flickr"), question()], Forecast()
    results = search_all(asked, access, limits, store, forecast)
    assert next(results).question.engine == "flickr" and forecast.left is None
    assert next(results).question.engine == "bing" and forecast.left is not None
    results.close()
