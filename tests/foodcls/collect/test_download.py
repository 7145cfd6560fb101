from dataclasses import replace

from foodcls.collect.download import Answer
from foodcls.collect.fetch import download_all
from foodcls.collect.outcomes import Outcome


def test_an_answer_tells_where_its_bytes_were(web, limits) -> None:
    web.say("/there", b"<html>")
    url = web.say("/here", b"", "301 Moved", Location="/there")
    (answer,) = download_all([url], limits)
    assert answer == Answer(url, web.url("/there"), Outcome.OK, "", 1, b"<html>")


def test_an_attempt_after_a_redirect_starts_from_the_first_address(web, limits) -> None:
    async def flaky(talk) -> None:
        if talk.number == 1:
            await talk.reply(status="503 Busy")
        else:
            await talk.reply(b"body")

    url = web.say("/here", b"", "302 Found", Location="/there")
    web.route("/there", flaky)
    (answer,) = download_all([url], limits)
    assert (answer.outcome, answer.attempts) == (Outcome.OK, 2)
    assert web.hits == {"/here": 2, "/there": 2}


def test_a_failure_behind_a_redirect_says_so(web, limits) -> None:
    url = web.say("/here", b"", "302 Found", Location="/missing")
    (answer,) = download_all([url], limits)
    assert answer.detail == "HTTP 404 (redirect 1)"


def test_no_retries_means_one_attempt(web, limits) -> None:
    url = web.say("/busy", b"", "503 Busy")
    (answer,) = download_all([url], replace(limits, retries=0))
    assert (answer.outcome, answer.attempts, web.hits["/busy"]) == (Outcome.UNAVAILABLE, 1, 1)
