"""Heeds robots.txt (RFC 9309): each site is asked for it once a day, before anything else.

A site that has none (4xx) allows all; one whose robots.txt cannot be had allows nothing for now.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from protego import Protego

from foodcls.collect.http_client import HttpClient, Redirect, parse_url
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import PASSING, FetchError, Outcome
from foodcls.collect.request import HOPS, Request
from foodcls.collect.response_headers import ROBOT
from foodcls.store.store import Store

KIND = "robots/1"
FRESH = 24 * 3600  # seconds
MOST = 500 * 1024  # bytes, as the RFC has it
# what the RFC calls unavailable: there are no rules
NO_RULES = frozenset({Outcome.HTTP_ERROR, Outcome.EMPTY, Outcome.BAD_URL, Outcome.REDIRECT_LOOP})
UNREAD = frozenset({Outcome.TOO_LARGE, Outcome.NOT_AN_IMAGE})


class Failure(NamedTuple):
    """How often a site was asked for its robots.txt in vain, and why it was the last time."""

    asked: int
    outcome: Outcome
    detail: str
    wait: float | None


class Robots:
    """The rules of sites, by scheme://host; `exempt` sites invite programs in their terms.

    `failures` are what is known of sites whose robots.txt could not be had, and grow.
    """

    def __init__(
        self,
        limits: Limits,
        store: Store,
        exempt: Collection[str] = (),
        failures: Mapping[str, Failure] | None = None,
    ) -> None:
        self._limits = replace(limits, max_bytes=MOST, heed_robots=False, headers={}, forms={})
        self._store = store
        self._exempt = exempt
        self._rules: dict[str, Protego] = {}
        self.failures = dict(failures or {})

    def knows(self, url: str) -> bool:
        """Whether the site need not be asked; what is no address has no site."""
        site = _site(url)
        is_known = site in self._exempt or site in self._rules
        return not site or is_known or bool(self._failed(site))

    async def learn(self, request: Request, client: HttpClient) -> None:
        """Recall a site's rules, or ask for them; FetchError when they cannot be had just now."""
        site = _site(request.at)
        known = (await asyncio.to_thread(self._store.recall_batch, KIND, [site])).get(site)
        if not known or not 0 <= self._limits.clock() - known["asked_at"] < FRESH:
            text = await self._ask(site, client.bounded(self._limits))
            known = {"asked_at": self._limits.clock(), "text": text}
            await asyncio.to_thread(self._store.remember, KIND, {site: known})
        self._rules[site] = rules = Protego.parse(known["text"])
        if 0 < (delay := _delay(rules)) <= self._limits.max_wait:
            self._limits.limiter.slow_down(request.host, delay)

    def refusal(self, url: str) -> FetchError | None:
        """Why this address is not to be asked for, or None."""
        site = _site(url)
        rules = self._rules.get(site)
        if rules and not rules.can_fetch(str(parse_url(url)), ROBOT):
            return FetchError(Outcome.ROBOTS_TXT, f"{site}/robots.txt disallows it")
        if rules and (delay := _delay(rules)) > self._limits.max_wait:
            return FetchError(Outcome.ROBOTS_TXT, f"{site}/robots.txt wants pauses of {delay:g} s")
        return self._failed(site)

    async def _ask(self, site: str, client: HttpClient) -> str:
        at, trail = f"{site}/robots.txt", tuple[Redirect, ...]()
        try:
            while len(trail) <= HOPS:
                got = await client.get(at, self._limits.timeout, trail)
                if not isinstance(got, Redirect):
                    return got.decode("utf-8-sig", "replace")
                at, trail = got.url, (*trail, got)
        except FetchError as error:
            if error.outcome not in NO_RULES:
                outcome = Outcome.UNAVAILABLE if error.outcome in UNREAD else error.outcome
                error = FetchError(outcome, f"robots.txt: {error.detail}", error.wait)
                self._count_failure(site, error)
                raise error from None
        return ""

    def _count_failure(self, site: str, error: FetchError) -> None:
        """Count towards letting a site be, once it was asked as often as one address would be."""
        asked = self.failures[site].asked + 1 if site in self.failures else 1
        self.failures[site] = Failure(asked, error.outcome, error.detail, error.wait)

    def _failed(self, site: str) -> FetchError | None:
        """Why a site is let be for this run, if it is."""
        if not (last := self.failures.get(site)):
            return None
        is_last = last.asked > self._limits.retries
        if is_last or last.outcome not in PASSING or (last.wait or 0) > self._limits.max_wait:
            return FetchError(last.outcome, last.detail, last.wait)
        return None


def _site(url: str) -> str:
    try:
        return str(parse_url(url).origin())
    except (FetchError, ValueError):
        return ""


def _delay(rules: Protego) -> float:
    """The seconds from one request to the next that the rules want."""
    rate = rules.request_rate(ROBOT)
    return max(rules.crawl_delay(ROBOT) or 0.0, rate.seconds / rate.requests if rate else 0.0)
