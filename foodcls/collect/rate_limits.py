"""Counts requests to engines: the limit of an hour or a day holds over a workspace's runs."""

from collections.abc import Callable
from typing import Any

from foodcls.collect.engines.base import Access
from foodcls.collect.engines.registry import ENGINES
from foodcls.store.store import Store

KIND = "asked/1"


class RateLimits:
    """What engines may still be asked; an engine that is asked somewhere else has its own."""

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

    def take(self, engine: str, count: int = 1) -> str:
        """Count requests; why there may be no more of them, or an empty text."""
        limit, period = self.allowed(engine)
        if not limit:
            return ""
        used = self.used(engine)
        if used + count > limit:
            left = self._asked[engine]["since"] + period - self._clock()
            more = ENGINES[engine].terms.keyed_quota
            hint = f", or with a key {more:,}" if more > limit else ""
            return f"its {limit:,} requests are used up; more in {left / 3600:.1f} h{hint}"
        self._asked[engine]["count"] = used + count
        return ""

    def add(self, engine: str, count: int) -> None:
        """Count requests that were made again; those limits count them too."""
        if count and self.allowed(engine)[0]:
            self._asked[engine]["count"] = self.used(engine) + count
            self.save()

    def save(self) -> None:
        """Let later runs know."""
        self._store.remember(KIND, self._asked)
