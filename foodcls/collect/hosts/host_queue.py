"""Queues requests by host: hosts take turns, and each has a rate limit and can be throttled.

The limit is a number of requests at once; a throttled host gets none until it is resumed. All
ports of a host in the table are one, as its limits are.
"""

import logging
import time
from collections import Counter, OrderedDict, defaultdict, deque

from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.request import Request

LOG = logging.getLogger(__name__)

# seconds of waiting for one host from which on a person is told
LONG = 60.0


class HostQueue:
    """Requests that wait; a slow host delays only its own."""

    def __init__(self, per_host: int, limiter: HostLimiter | None = None) -> None:
        self._per_host = per_host
        self._limiter = limiter or HostLimiter()
        self._waiting: dict[str, deque[Request]] = {}
        # hosts that have a request and a free place, and are not throttled
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._pauses: Counter[str] = Counter()
        self._told: set[str] = set()
        # of each host: when those under way were sent, and how many before took how long together
        self._started: defaultdict[str, deque[float]] = defaultdict(deque)
        self._done: Counter[str] = Counter()
        self._took: defaultdict[str, float] = defaultdict(float)
        self._begun = time.monotonic()

    @property
    def is_empty(self) -> bool:
        """Whether no request waits."""
        return not any(self._waiting.values())

    def add(self, request: Request, *, first: bool = False) -> None:
        """Let a request wait for its turn, as its host's next one if it has been at work."""
        host = self._limiter.name(request.host)
        waiting = self._waiting.setdefault(host, deque())
        (waiting.appendleft if first else waiting.append)(request)
        self._line_up(host)

    def drain(self) -> list[Request]:
        """All that wait, which then wait no more."""
        left = [request for ones in self._waiting.values() for request in ones]
        self._waiting.clear()
        self._ready.clear()
        return left

    def take(self) -> Request | None:
        """The next request, or None when nothing may start now."""
        if not self._ready:
            return None
        host, _ = self._ready.popitem(last=False)
        request = self._waiting[host].popleft()
        self._started[host].append(time.monotonic())
        self._line_up(host)
        return request

    def put_back(self, request: Request) -> None:
        """Let a request that was taken, and not sent, be its host's next one again."""
        self._started[self._limiter.name(request.host)].pop()
        self.add(request, first=True)

    def release(self, request: Request) -> None:
        """Free the place that a taken request had."""
        host = self._limiter.name(request.host)
        self._done[host] += 1
        # answers to one host come in about the order of the requests
        self._took[host] += time.monotonic() - self._started[host].popleft()
        self._line_up(host)
        self._tell_wait(host)

    def pause(self, host: str) -> None:
        """Send nothing to a host until `resume` was called as often as this."""
        self._pauses[host := self._limiter.name(host)] += 1
        self._ready.pop(host, None)

    def resume(self, host: str) -> None:
        """End one pause of a host."""
        self._pauses[host := self._limiter.name(host)] -= 1
        self._line_up(host)

    def seconds_left(self) -> float:
        """About how long it takes until all that wait are done: all hosts', or the slowest's."""
        left = {host: len(ones) + len(self._started[host]) for host, ones in self._waiting.items()}
        sent = self._done.total() + sum(map(len, self._started.values()))
        whole = (time.monotonic() - self._begun) / max(sent, 1) * sum(left.values())
        return max([whole, *(self._host_left(host, count) for host, count in left.items())])

    def _host_left(self, host: str, count: int) -> float:
        """How long one host takes for so many: with all its places, and by its limits."""
        each = self._took[host] / self._done[host] if self._done[host] else 0.0
        by_limits = self._limiter.left(host) + count * self._limiter.pace(host)
        return max(count * each / self._places(host), by_limits)

    def _tell_wait(self, host: str) -> None:
        """Say once of a host how long its limit will keep those that wait, if that is long."""
        waiting, each = len(self._waiting.get(host, ())), self._limiter.pace(host)
        if host not in self._told and waiting * each > LONG:
            self._told.add(host)
            said = "%s: %d addresses wait, one in %.2g s as it asks: about %.0f min"
            LOG.info(said, host, waiting, each, waiting * each / 60)

    def _line_up(self, host: str) -> None:
        """Put a host at the end of the line, unless it stands there or nothing may start."""
        is_free = len(self._started[host]) < self._places(host) and not self._pauses[host]
        if self._waiting.get(host) and is_free:
            self._ready.setdefault(host, None)

    def _places(self, host: str) -> int:
        return min(self._per_host, self._limiter.policy(host).at_once)
