"""Decides whose turn it is: hosts in rotation, each with a bounded number of requests at once."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Errand:
    """A URL on its way: where redirects have led it, and what it has cost so far."""

    url: str
    at: str
    hops: int = 0  # redirects followed in this attempt
    attempts: int = 1
    spent: float = 0.0  # seconds on the network, over all attempts

    @property
    def host(self) -> str:
        """The server it stands before, as name and port."""
        try:
            return urlsplit(self.at).netloc.lower()
        except ValueError:
            return ""


class Turns:
    """Errands that wait; a slow host keeps only its own waiting."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._waiting: dict[str, deque[Errand]] = {}
        # hosts that have an errand and a free place, and do not rest
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._busy: Counter[str] = Counter()
        self._rests: Counter[str] = Counter()

    @property
    def are_over(self) -> bool:
        """Whether no errand waits any more."""
        return not any(self._waiting.values())

    def add(self, errand: Errand) -> None:
        """Let an errand wait for its turn."""
        self._waiting.setdefault(errand.host, deque()).append(errand)
        self._line_up(errand.host)

    def take(self) -> Errand | None:
        """The next errand, or None when nothing may start now."""
        if not self._ready:
            return None
        host, _ = self._ready.popitem(last=False)
        errand = self._waiting[host].popleft()
        self._busy[host] += 1
        self._line_up(host)
        return errand

    def give_back(self, errand: Errand) -> None:
        """Free the place that a taken errand had."""
        self._busy[errand.host] -= 1
        self._line_up(errand.host)

    def rest(self, host: str) -> None:
        """Take no errand to a host until `wake` was called as often as this."""
        self._rests[host] += 1
        self._ready.pop(host, None)

    def wake(self, host: str) -> None:
        """End one rest of a host."""
        self._rests[host] -= 1
        self._line_up(host)

    def _line_up(self, host: str) -> None:
        """Put a host at the end of the line, unless it stands there or nothing may start."""
        if self._waiting.get(host) and self._busy[host] < self._per_host and not self._rests[host]:
            self._ready.setdefault(host, None)
