"""Decides whose turn it is: hosts in rotation, each with a bounded number of requests at once."""

from collections import Counter, deque
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
        self._ready: deque[str] = deque()  # hosts that have an errand and a free place
        self._busy: Counter[str] = Counter()

    def add(self, errand: Errand) -> None:
        """Let an errand wait for its turn."""
        host = errand.host
        queue = self._waiting.setdefault(host, deque())
        queue.append(errand)
        if len(queue) == 1 and self._busy[host] < self._per_host:
            self._ready.append(host)

    def take(self) -> Errand | None:
        """The next errand, or None when nothing may start now."""
        if not self._ready:
            return None
        host = self._ready.popleft()
        errand = self._waiting[host].popleft()
        self._busy[host] += 1
        if self._waiting[host] and self._busy[host] < self._per_host:
            self._ready.append(host)
        return errand

    def give_back(self, errand: Errand) -> None:
        """Free the place that a taken errand had."""
        host = errand.host
        was_full = self._busy[host] == self._per_host
        self._busy[host] -= 1
        if was_full and self._waiting.get(host):
            self._ready.append(host)
