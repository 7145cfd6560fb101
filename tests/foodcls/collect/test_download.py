import time
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from foodcls.collect.fetch import download_all
from foodcls.collect.outcomes import Outcome, Response


def test_an_answer_tells_where_its_bytes_were(web, limits) -> None:
    web.say("/there", b"<html>")
    url = web.say("/here", b"", "301 Redirect", Location="/there")
    (response,) = download_all([url], limits)
    assert response == Response(url, web.url("/there"), Outcome.OK, "", 1, b"<html>")


def test_an_attempt_after_a_redirect_starts_from_the_first_address(web, limits) -> None:
    async def flaky(talk) -> None:
        if talk.number == 1:
            await talk.reply(status="503 Busy")
        else:
            await talk.reply(b"body")

    url = web.say("/here", b"", "302 Found", Location="/there")
    web.route("/there", flaky)
    (response,) = download_all([url], limits)
    assert (response.outcome, response.attempts) == (Outcome.OK, 2)
    assert web.hits == {"/here": 2, "/there": 2}


def test_a_failure_behind_a_redirect_says_so(web, limits) -> None:
    url = web.say("/here", b"", "302 Found", Location="/missing")
    (response,) = download_all([url], limits)
    assert response.detail == "HTTP 404 (redirect 1)"


def test_no_retries_means_one_attempt(web, limits) -> None:
    url = web.say("/busy", b"", "503 Busy")
    (response,) = download_all([url], replace(limits, retries=0))
    assert (response.outcome, response.attempts, web.hits["/busy"]) == (Outcome.UNAVAILABLE, 1, 1)


def test_pauses_double_and_are_not_in_step(web, limits) -> None:
    times: dict[str, list[float]] = defaultdict(list)

    async def busy(talk) -> None:
        times[talk.path].append(time.monotonic())
        await talk.reply(status="503 Busy")

    for number in range(6):
        web.route(f"/{number}", busy)
    # not by a port that is another each time: pauses are drawn by seed and address
    urls = [f"http://busy.test/{number}" for number in range(6)]
    hosts = {"busy.test": ("127.0.0.1", web.port)}
    list(download_all(urls, replace(limits, first_backoff=0.2, retries=3, hosts=hosts)))
    gaps = [[late - soon for soon, late in pairwise(moments)] for moments in times.values()]
    for place, middle in enumerate((0.2, 0.4, 0.8)):
        waited = sorted(one[place] for one in gaps)
        # half of it to one and a half, and what a slow machine adds
        assert middle * 0.5 <= waited[0] and waited[-1] <= middle * 1.5 + 1.0
        assert waited[-1] - waited[0] > middle * 0.4


def test_no_pause_is_longer_than_allowed(web, limits) -> None:
    bounds = replace(limits, first_backoff=1000.0, max_wait=0.05)
    (response,) = download_all([web.say("/busy", b"", "503 Busy")], bounds)
    assert (response.outcome, response.attempts) == (Outcome.UNAVAILABLE, 3)
