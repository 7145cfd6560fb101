"""Reads what an engine answered: pictures, the next page's address, or why there are none."""

from typing import NamedTuple

from foodcls.collect.engines.base import Hit, Page, Question, Refused
from foodcls.collect.engines.official import ODD
from foodcls.collect.engines.registry import ENGINES, REFUSALS, explain
from foodcls.collect.outcomes import Candidate, Outcome, Response, printable
from foodcls.redact import one_line

UNKNOWN_SHAPE = "a page of unknown shape"
BARRIERS = (
    "captcha",
    "unusual traffic",
    "/sorry/",
    "before you continue",
    "consent.",
    "enablejs",
    "forbid spider",
    "安全验证",
)
# characters of what is told of a picture, such as its address or author; longer is as nothing
LONGEST = 4_000
LONGEST_REASON = 300
# how an engine refuses whoever asks, and not a query: 429 where it stays at that
SHUT = ("HTTP 401", "HTTP 403", "HTTP 429")


class ReadPage(NamedTuple):
    """A page's pictures, the address of the next one if it tells it, and why there is none."""

    hits: list[Hit]
    following: str
    reason: str
    shuts: bool  # whether it would answer every other query so, too


def read_answer(name: str, response: Response) -> ReadPage:
    """What an engine has answered to a query."""
    engine = ENGINES[name]
    if response.outcome is not Outcome.OK:
        reason = explain(name, response.detail or response.outcome)
        refused = SHUT + (REFUSALS if engine.terms.needs_key else ())
        # Google sends whom it refuses to a page that does: "HTTP 429 (redirect 1)"
        status = response.detail.partition(" (redirect")[0]
        shuts = response.outcome is Outcome.DEFERRED or status in refused
        return ReadPage([], "", reason, shuts)
    hits: list[Hit] = []
    following, reason, shuts = "", "", False
    try:
        # one by one, so that what comes before an odd entry is not lost
        for hit in engine.parse(Page(response.at, response.body)):
            told = {name: value for name, value in hit.items() if len(value) <= LONGEST}
            hits += [told] if "file_url" in told else []
        # on the server that was asked, wherever it redirected
        following = engine.following(Page(response.url, response.body))
    except Refused as refused:
        reason, shuts = str(refused)[:LONGEST_REASON], refused.shuts
    # RecursionError: JSON that is nested thousands of times
    except (*ODD, RecursionError) as error:
        reason = f"{UNKNOWN_SHAPE}: {type(error).__name__}: {str(error)[:100]}"
    if not hits and _is_barrier(response):
        reason, shuts = "consent or captcha page", True
    return ReadPage(hits, following, reason, shuts)


def _is_barrier(response: Response) -> bool:
    text = f"{response.at} {response.body.decode('utf-8', 'ignore')}".lower()
    return any(mark in text for mark in BARRIERS)


def candidate(question: Question, rank: int, hit: Hit) -> Candidate:
    """A hit as a picture that may be fetched."""
    # of a picture that names no licence: what the engine was told to filter by
    filtered = f"{question.licence} (as {question.engine} filters)" if question.licence else ""
    return Candidate(
        url=printable(hit["file_url"]),
        label=question.label,
        source=question.engine,
        query=question.query,
        rank=rank,
        page=printable(hit.get("page", "")),
        licence=printable(hit.get("licence", "") or filtered),
        licence_url=printable(hit.get("licence_url", "")),
        licence_by="source" if hit.get("licence") else "filter" if filtered else "",
        author=one_line(hit.get("author", "")),
        report=printable(hit.get("report", "")),
    )
