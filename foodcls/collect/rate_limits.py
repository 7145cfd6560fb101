"""Counts requests to engines: the limit of an hour or a day holds over a workspace's runs."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from yarl import URL

from foodcls.collect.engines.base import Access
from foodcls.collect.engines.registry import ENGINES
from foodcls.collect.fetch import download_all
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import CandidateResult, Outcome
from foodcls.store.store import Store

LOG = logging.getLogger(__name__)

KIND = "asked/1"
REPORTED = "reported/1"


class RateLimits:
    """How many requests each engine still allows in the present hour or day."""

    def __init__(self, access: Access, store: Store, clock: Callable[[], float]) -> None:
        self._access = access
        self._store = store
        self._clock = clock
        self._asked: dict[str, dict[str, Any]] = {}

    def allowed(self, engine: str) -> tuple[int, float]:
        """How many requests in how many seconds; 0 requests: as many as are wanted."""
        terms = ENGINES[engine].terms
        has_key = ENGINES[engine].has_key(self._access)
        return (has_key and terms.keyed_quota) or terms.quota, terms.period

    def used(self, engine: str) -> int:
        """How many requests the period that goes on has seen."""
        fact = self._asked.get(engine) or self._store.recall(KIND, [engine]).get(engine)
        fresh = fact and 0 <= self._clock() - fact["since"] < self.allowed(engine)[1]
        self._asked[engine] = fact if fact and fresh else {"since": self._clock(), "count": 0}
        return int(self._asked[engine]["count"])

    def take(self, engine: str) -> str:
        """Count a request; why there may be no more of them, or an empty text."""
        limit, period = self.allowed(engine)
        if not limit:
            return ""
        used = self.used(engine)
        if used >= limit:
            left = self._asked[engine]["since"] + period - self._clock()
            more = ENGINES[engine].terms.keyed_quota
            hint = f", or with a key {more:,}" if more > limit else ""
            return f"its {limit:,} requests are used up; more in {left / 3600:.1f} h{hint}"
        self._asked[engine]["count"] = used + 1
        return ""

    def add(self, engine: str, count: int) -> None:
        """Count requests that were repeated after a failure: the limits count them too."""
        if count and self.allowed(engine)[0]:
            self._asked[engine]["count"] = self.used(engine) + count
            self.save()

    def save(self) -> None:
        """Write the counts into the store, where later runs find them."""
        self._store.remember(KIND, self._asked)


def report_downloads(
    results: Iterable[CandidateResult], access: Access, limits: Limits, store: Store
) -> None:
    """Tell sources that count downloads of each picture that arrived: once, within their limits.

    What could not be told is told by the next run.
    """
    arrived = [one.candidate for one in results if one.result.outcome is Outcome.OK]
    wanted = {one.report: one.source for one in arrived if one.report}
    told, rates = store.recall(REPORTED, wanted), RateLimits(access, store, limits.clock)
    due = {url: name for url, name in wanted.items() if url not in told}
    if not due:
        return
    # an address elsewhere is told no key, and not asked for
    origins = {
        name: str(URL(dict(access.bases).get(name) or ENGINES[name].home).origin())
        for name in set(due.values())
    }
    sent = [url for url, name in due.items()
            if url.startswith(f"{origins[name]}/") and not rates.take(name)]  # fmt: skip
    rates.save()
    headers = {origin: ENGINES[name].headers(access) for name, origin in origins.items()}
    bounds = replace(limits, headers=headers, heed_robots=False)
    done = [one.url for one in download_all(sent, bounds) if one.outcome is Outcome.OK]
    store.remember(REPORTED, dict.fromkeys(done, True))
    if len(done) < len(due):
        LOG.warning("%d downloads are reported to their sources by the next run, as they want it",
                    len(due) - len(done))  # fmt: skip
