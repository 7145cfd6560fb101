"""Decides by a response's status and headers whether its body is read; knows Retry-After."""

import math
from email.utils import parsedate_to_datetime

from multidict import MultiMapping

from foodcls.collect.outcomes import FetchError, Outcome

REDIRECTS = frozenset({301, 302, 303, 307, 308})
BODILESS = frozenset({204, 205, 206})
BUSY = frozenset({408, 425, 429})
OPT_OUTS = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
# directives with a colon of their own: the word before it is no robot's name
VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
ROBOT = "foodcls"


def check_head(
    status: int, headers: MultiMapping[str], now: float, *, heed_robots: bool = True
) -> str:
    """Where a redirect leads, or empty when the body is to be read; else FetchError.

    `now` is the time in seconds since 1970, to read dates in Retry-After by.
    """
    if status in REDIRECTS:
        if target := headers.get("Location"):
            return target
        raise FetchError(Outcome.HTTP_ERROR, f"HTTP {status} without Location")
    if status in BUSY or status >= 500:
        wait = parse_wait(headers.get("Retry-After"), now)
        raise FetchError(Outcome.UNAVAILABLE, f"HTTP {status}", wait)
    if status in BODILESS:
        raise FetchError(Outcome.EMPTY, f"HTTP {status}")
    if not 200 <= status < 300:
        raise FetchError(Outcome.HTTP_ERROR, f"HTTP {status}")
    if heed_robots and (directive := opt_out(headers.getall("X-Robots-Tag", []))):
        raise FetchError(Outcome.OPTED_OUT, f"X-Robots-Tag: {directive}")
    return ""


def parse_wait(value: str | None, now: float) -> float | None:
    """The seconds that a Retry-After asks for (RFC 9110, 10.2.3); None when it is unreadable."""
    if value is None:
        return None
    try:
        if value.strip().isdecimal():
            wait = float(value)
        else:
            wait = max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return None
    return wait if wait >= 0 and math.isfinite(wait) else None


def opt_out(values: list[str]) -> str:
    """The directive of an X-Robots-Tag that opts out of training data; empty when none does."""
    for value in values:
        robot = ROBOT
        for part in value.lower().split(","):
            name, colon, rest = part.partition(":")
            if colon and name.strip() in VALUED:
                continue
            # "robot: directive" holds for that robot, and so do those that follow
            robot = name.strip() if colon else robot
            directive = (rest if colon else part).strip()
            if robot == ROBOT and directive in OPT_OUTS:
                return directive
    return ""
