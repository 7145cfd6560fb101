"""Reads what an engine answered: pictures, the next page's address, or why there are none."""

from foodcls.collect.download import Response
from foodcls.collect.engines.base import Hit, Page, Refused
from foodcls.collect.engines.official import ODD
from foodcls.collect.engines.registry import ENGINES, explain
from foodcls.collect.outcomes import Outcome

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


def read_answer(name: str, response: Response) -> tuple[list[Hit], str, str]:
    """A page's pictures, the address of the next one if it tells it, and why there is none."""
    if response.outcome is not Outcome.OK:
        return [], "", explain(name, response.detail or response.outcome)
    engine = ENGINES[name]
    hits: list[Hit] = []
    following = reason = ""
    try:
        # one by one, so that what comes before an odd entry is not lost
        for hit in engine.parse(Page(response.at, response.body)):
            told = {name: value for name, value in hit.items() if len(value) <= LONGEST}
            hits += [told] if "file_url" in told else []
        # on the server that was asked, wherever it redirected
        following = engine.following(Page(response.url, response.body))
    except Refused as refused:
        reason = str(refused)[:LONGEST_REASON]
    # RecursionError: JSON that is nested thousands of times
    except (*ODD, RecursionError) as error:
        reason = f"{UNKNOWN_SHAPE}: {type(error).__name__}: {str(error)[:100]}"
    if not hits and _is_barrier(response):
        reason = "consent or captcha page"
    return hits, following, reason


def _is_barrier(response: Response) -> bool:
    text = f"{response.at} {response.body.decode('utf-8', 'ignore')}".lower()
    return any(mark in text for mark in BARRIERS)
