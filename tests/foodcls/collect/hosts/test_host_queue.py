import heapq
import itertools
import math
from types import SimpleNamespace

import pytest

from foodcls.collect.hosts.host_queue import HostQueue
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.table import HostPolicy
from foodcls.collect.request import Request


def request(host: str, number: int) -> Request:
    url = f"http://{host}/{number}"
    return Request(url, at=url)


def test_hosts_take_turns() -> None:
    queue = HostQueue(per_host=2)
    for host in ("slow", "fast"):
        for number in range(3):
            queue.add(request(host, number))
    assert [queue.take().host for _ in range(4)] == ["slow", "fast", "slow", "fast"]
    assert queue.take() is None


def test_a_place_that_is_given_back_is_taken_by_the_same_host() -> None:
    queue = HostQueue(per_host=1)
    for number in range(2):
        queue.add(request("one", number))
    first = queue.take()
    assert queue.take() is None
    queue.release(first)
    assert queue.take() == request("one", 1)


def test_a_throttled_host_gets_no_request_and_holds_up_no_other() -> None:
    queue = HostQueue(per_host=2)
    for number in range(3):
        queue.add(request("tired", number))
    running = queue.take()
    queue.pause("tired")
    queue.pause("tired")
    queue.release(running)
    queue.add(request("tired", 3))
    queue.add(request("other", 0))
    assert queue.take() == request("other", 0)
    queue.resume("tired")
    assert queue.take() is None and not queue.is_empty
    queue.resume("tired")
    assert [queue.take() for _ in range(3)] == [request("tired", 1), request("tired", 2), None]


def test_ports_of_a_host_in_the_table_wait_in_one_line_and_are_foretold_together() -> None:
    queue = HostQueue(8, HostLimiter({"one": HostPolicy(1, pause=1.0)}))
    for number in range(10):
        queue.add(request("one", number))
        queue.add(request("one:8443", number))
    assert queue.seconds_left() == pytest.approx(20.0)
    first = queue.take()
    assert queue.take() is None
    queue.pause("one:8443")
    queue.release(first)
    assert queue.take() is None
    queue.resume("one:8443")
    assert queue.take() == request("one:8443", 0)


def test_every_request_gets_its_turn_once() -> None:
    queue = HostQueue(per_host=3)
    wanted = [request(f"host{number % 4}", number) for number in range(50)]
    for one in wanted:
        queue.add(one)
    seen, running = [], []
    while len(seen) < 50:
        while (one := queue.take()) is not None:
            running.append(one)
        seen.append(running.pop(0))
        queue.release(seen[-1])
    assert sorted(one.url for one in seen) == sorted(one.url for one in wanted)
    assert queue.take() is None


SLOW = "slow.test"


@pytest.mark.parametrize(
    "policy",
    [
        HostPolicy(512),
        HostPolicy(8, 0.5),
        HostPolicy(2),
        HostPolicy(512, rate=20_000.0),
        HostPolicy(2, 0.2, rate=1e5),
    ],
    ids=["none", "pause", "places", "bytes", "all"],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0], ids="slow={}".format)
def test_after_a_tenth_of_the_work_its_end_is_known_within_a_factor_of_two(
    policy: HostPolicy, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 pictures of 10 kB by a clock of its own: of one host with limits, and of 20 others."""
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("foodcls.collect.hosts.host_queue.time", clock)
    monkeypatch.setattr("foodcls.collect.hosts.limiter.time", clock)
    limiter = HostLimiter({SLOW: policy})
    queue, order = HostQueue(8, limiter), itertools.count()
    for number in range(1_000):
        queue.add(request(SLOW if number < 1_000 * share else f"{number % 20}.test", number))
    events: list[tuple[float, int, Request | str]] = []
    told, done, busy = list[tuple[float, float, int]](), 0, 0

    def later(seconds: float, event: Request | str) -> None:
        heapq.heappush(events, (now[0] + seconds, next(order), event))

    def pause(host: str, seconds: float) -> None:
        if seconds > 0:
            queue.pause(host)
            later(seconds, host)

    while True:
        # as a download does: 32 connections, each for a while
        while busy < 32 and (taken := queue.take()):
            busy += 1
            pause(taken.host, limiter.book(taken.host))
            later(0.3 + 0.2 * math.sin(done), taken)
        if not events:
            break
        now[0], _, event = heapq.heappop(events)
        told.append((now[0], queue.seconds_left(), done))
        if isinstance(event, str):
            queue.resume(event)
        else:
            busy, done = busy - 1, done + 1
            pause(event.host, limiter.spend(event.host, 10_000))
            queue.release(event)
            ended = now[0]
    checked = [(left, ended - at) for at, left, count in told
               if count >= 100 and 0.1 * ended <= at <= 0.95 * ended]  # fmt: skip
    assert len(checked) > 100 and done == 1_000
    assert not [one for one in checked if not 0.5 < one[0] / one[1] < 2]
