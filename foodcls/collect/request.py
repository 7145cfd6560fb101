"""A request for a URL on its way through redirects and retries, and how it ends."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from yarl import URL

from foodcls.collect.http_client import Redirect
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import FetchError, Outcome, Response
from foodcls.work.parallel import always

# a server's name as most addresses spell it
PLAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
HOPS = 5  # redirects that are followed


@dataclass(frozen=True)
class Request:
    """A request for a URL: where redirects have led it, and what it has cost so far."""

    url: str
    at: str
    trail: tuple[Redirect, ...] = ()  # the redirects followed in this attempt
    attempts: int = 1
    spent: float = 0.0  # seconds on the network, over all attempts

    # kept: a million of them are asked for it in each turn
    @cached_property
    def host(self) -> str:
        """The server that it goes to."""
        return host_of(self.at)

    def next_hop(self, redirect: Redirect) -> "Request | None":
        """The request for where a redirect leads; None after too many of them."""
        if len(self.trail) >= HOPS:
            return None
        return replace(self, at=redirect.url, trail=(*self.trail, redirect))

    def forgotten(self, limits: Limits) -> FetchError | None:
        """Why where a redirect has led is barred, or None."""
        barred = limits.blocklist.reason((self.at,), "", "") if self.trail else ""
        return FetchError(Outcome.FORGOTTEN, barred) if barred else None


@dataclass(frozen=True)
class RetryLater:
    """A request to be sent again after a pause of some seconds."""

    request: Request
    pause: float


@dataclass(frozen=True)
class Share:
    """What one worker does in a turn: the hosts that it asks, for how long, and from when on."""

    hosts: frozenset[str]  # as name and port; who is sent to another one is left to who has that
    seconds: float  # after which nothing more is sent
    waits: Mapping[str, float] = field(default_factory=dict)  # seconds from now, by host
    throttled: Mapping[str, float] = field(default_factory=dict)  # seconds before this, by host
    is_wanted: Callable[[], bool] = always  # False once nobody waits for it any more


def host_of(url: str) -> str:
    """The server of an address, as name and unusual port, however it is spelled there."""
    try:
        scheme, place, *_ = urlsplit(url)
        return place if PLAIN.fullmatch(place) else _server(scheme, place)
    except ValueError:
        return ""


@lru_cache(100_000)
def _server(scheme: str, place: str) -> str:
    return URL(f"{scheme}://{place}").host_port_subcomponent or ""


def too_many_redirects(request: Request) -> Response:
    """The response to a request that was redirected too often."""
    detail = f"more than {HOPS} redirects"
    return Response(request.url, request.at, Outcome.REDIRECT_LOOP, detail, request.attempts)


def failed(request: Request, error: FetchError, limits: Limits) -> Response:
    """The response to a request that failed and is not tried again."""
    outcome, detail = error.outcome, error.detail
    if error.wait is not None and error.wait > limits.max_wait:
        outcome, detail = Outcome.DEFERRED, f"{detail}, Retry-After {error.wait:.0f} s"
    if request.trail:
        detail = f"{detail} (redirect {len(request.trail)})"
    return Response(request.url, request.at, outcome, detail, request.attempts)


def backoff(request: Request, error: FetchError, limits: Limits) -> float:
    """The seconds before the next attempt: the server's, else exponential backoff with jitter."""
    if error.wait is not None:
        return error.wait
    spread = random.Random(f"{limits.seed} {request.attempts} {request.url}").uniform(0.5, 1.5)
    doubled = limits.first_backoff * 2.0 ** (request.attempts - 1) * spread
    return min(doubled, limits.max_wait)
