"""Fetches by many workers: each host is asked by one of them, so that its limits hold over all.

They work in turns, before each of which the hosts are dealt out. A request that is redirected to a
host of another worker waits for the next turn, and so does one behind a limit. Another worker gets
what a worker had when it was lost.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import uuid4

from foodcls.collect.download import Download
from foodcls.collect.fetch import FetchNew, recall_results, remembering, store_picture
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.shared import host_places
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import FetchResult
from foodcls.collect.request import Request, Share, host_of
from foodcls.collect.robots import Failure, Robots
from foodcls.progress import Forecast
from foodcls.store.store import Store
from foodcls.work.event_loop import iterate
from foodcls.work.parallel import Fleet

KIND = "share/2"
TURN = 60.0  # seconds after which hosts are dealt out again
# requests of a host, and for a worker, in a turn: what is beyond them is not sent to and fro
MOST, MOST_FOR_ONE = 5_000, 20_000


@dataclass(frozen=True)
class FetchTask:
    """What a worker has to do in a turn; `name` is the task's alone, `number` the turn's."""

    requests: tuple[Request, ...]
    share: Share
    failures: Mapping[str, Failure] = field(default_factory=dict)  # of robots.txt, by site
    name: str = field(default_factory=lambda: uuid4().hex)
    number: int = 0


@dataclass(frozen=True)
class FetchReport:
    """What a worker has done, and what is left for the next turn."""

    results: tuple[FetchResult, ...]
    left: tuple[Request, ...] = ()
    waits: Mapping[str, float] = field(default_factory=dict)  # seconds, by host
    throttled: Mapping[str, float] = field(default_factory=dict)  # seconds in all, by host
    failures: Mapping[str, Failure] = field(default_factory=dict)  # of robots.txt, by site


def over_workers(fleet: Fleet, limits: Limits, store: Store, turn: float = TURN) -> FetchNew:
    """What fetches URLs by these workers, and has the store remember how they ended."""

    def fetch(urls: list[str], forecast: Forecast) -> Generator[FetchResult, None, None]:
        waiting = [Request(url, at=url) for url in urls]
        begun, done = time.monotonic(), Counter[str]()
        # by the names of the limiter's table: all ports of a host wait together
        name = limits.limiter.name
        free_at = {name(one.host): begun + limits.limiter.left(one.host) for one in waiting}
        throttled, failures = dict[str, float](), dict[str, Failure]()
        # times, places and locks are of this process
        away = replace(limits, limiter=HostLimiter(limits.limiter.hosts))
        is_shared = limits.limiter.places is not None
        work = partial(run_task, away, store, is_shared, fleet.listen)
        while waiting:
            count = max(fleet.size(), 1)
            soon, waiting = _begin(waiting, count * MOST_FOR_ONE)
            now = time.monotonic()
            waits = {host: until - now for host, until in free_at.items() if until > now}
            # short at first, so that it is soon known how long all takes
            seconds = min(turn, max(turn / 6, now - begun))
            tasks = [
                _with_trouble(one, throttled, failures)
                for one in part_hosts(soon, waits, count, seconds, limits.limiter)
            ]
            for report in fleet.spread(work, tasks):
                yield from report.results
                done.update(host_of(one.url) for one in report.results)
                waiting += report.left
                now = time.monotonic()
                for host, seconds in report.waits.items():
                    free_at[name(host)] = max(free_at.get(name(host), 0.0), now + seconds)
                throttled |= report.throttled
                failures |= report.failures
            left = Counter(one.host for one in waiting)
            # a host that has not had its turn is as the others
            shares = [left[host] / done[host] for host in left if done[host]]
            shares.append(left.total() / max(done.total(), 1))
            forecast.tell((time.monotonic() - begun) * max(shares))

    return fetch


def _begin(waiting: Iterable[Request], most: int) -> tuple[list[Request], list[Request]]:
    """What may be done in a turn, and what is for later ones."""
    soon, later, seen = list[Request](), list[Request](), Counter[str]()
    for request in waiting:
        is_soon = len(soon) < most and seen[request.host] < MOST
        seen[request.host] += is_soon
        (soon if is_soon else later).append(request)
    return soon, later


def part_hosts(
    waiting: Iterable[Request],
    waits: Mapping[str, float],
    workers: int,
    turn: float,
    limiter: HostLimiter,
) -> Iterable[FetchTask]:
    """A task for each worker that gets hosts: about as many requests each, no host twice.

    All ports of a host in the table go to one worker.
    """
    by_host = defaultdict[str, list[Request]](list)
    for request in waiting:
        by_host[limiter.name(request.host)].append(request)
    parts: list[list[Request]] = [[] for _ in range(workers)]
    for ones in sorted(by_host.values(), key=len, reverse=True):
        min(parts, key=len).extend(ones)
    for number, part in enumerate(filter(None, parts)):
        hosts = frozenset(request.host for request in part)
        known = {host: wait for host in hosts if (wait := waits.get(limiter.name(host)))}
        yield FetchTask(tuple(part), Share(hosts, turn, known), number=number)


def _with_trouble(
    task: FetchTask, throttled: Mapping[str, float], failures: Mapping[str, Failure]
) -> FetchTask:
    """The task with the throttling and failures of its hosts so far, which go on counting."""
    hosts = task.share.hosts
    borne = {host: seconds for host, seconds in throttled.items() if host in hosts}
    sites = {site: one for site, one in failures.items() if host_of(site) in hosts}
    return replace(task, share=replace(task.share, throttled=borne), failures=sites)


def run_task(
    limits: Limits,
    store: Store,
    is_shared: bool,
    listen: Callable[[], Callable[[], bool]],
    task: FetchTask,
) -> FetchReport:
    """Fetch for a turn, on the machine of a worker, or until nobody waits for it any more.

    `is_shared`: its other processes keep hosts' limits, too.
    """
    limits = replace(
        limits, limiter=replace(limits.limiter, places=host_places() if is_shared else None)
    )
    requests, known = task.requests, dict[str, FetchResult]()
    # a worker that is gone has begun it, and the store knows how far it came; a later task's
    # name takes its place, as to forget it would write all of a folder's facts anew
    place = str(task.number)
    if store.recall_batch(KIND, [place]).get(place) == task.name:
        known = recall_results([one.url for one in requests], limits, store)
        requests = tuple(one for one in requests if one.url not in known)
    store.remember(KIND, {place: task.name})
    finish = partial(store_picture, store=store, limits=limits)
    robots = Robots(limits, store, failures=task.failures)
    share = replace(task.share, is_wanted=listen())
    made = list[Download[FetchResult]]()

    def work(deliver: Callable[[FetchResult], None]) -> Coroutine[Any, Any, None]:
        made.append(Download(limits, finish, deliver, robots, share=share))
        return made[0].run(requests)

    recalled = tuple(replace(one, recalled=False) for one in known.values())
    results = (*recalled, *remembering(iterate(work), limits, store))
    done = made[0]
    return FetchReport(results, tuple(done.left), done.waits, done.throttled, robots.failures)
