import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from foodcls.collect.fetch import fetch_all
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.table import HostPolicy
from foodcls.collect.outcomes import FetchResult, Outcome
from foodcls.collect.over_workers import FetchReport, over_workers, part_hosts
from foodcls.collect.request import Request
from foodcls.work.parallel import Fleet, in_threads

TWO = Fleet(in_threads, lambda: 2)


def test_each_host_goes_to_one_worker_with_all_its_addresses() -> None:
    urls = [f"http://{name}.test/{n}" for name, count in zip("abcde", (9, 5, 4, 1, 1), strict=True)
            for n in range(count)]  # fmt: skip
    waits = {"a.test": 2.0, "b.test": 0.0, "z.test": 9.0}
    parts = list(part_hosts([Request(url, at=url) for url in urls], waits, 3, 60.0, HostLimiter()))
    assert sorted(one.url for part in parts for one in part.requests) == sorted(urls)
    hosts = [host for part in parts for host in part.share.hosts]
    assert sorted(hosts) == [f"{name}.test" for name in "abcde"]
    assert sorted(len(part.requests) for part in parts) == [5, 6, 9]
    assert [part.share.waits for part in parts] == [{"a.test": 2.0}, {}, {}]
    assert len(list(part_hosts([Request(urls[0], at=urls[0])], {}, 3, 60.0, HostLimiter()))) == 1


def test_all_ports_of_a_host_with_limits_go_to_one_worker() -> None:
    urls = [f"http://{name}.test:{port}/a" for name in "ab" for port in (81, 82)]
    requests = [Request(url, at=url) for url in urls]
    waits = {"a.test": 2.0}
    parts = list(part_hosts(requests, waits, 4, 60.0, HostLimiter({"a.test": HostPolicy(1)})))
    (of_a,) = [part.share for part in parts if "a.test:81" in part.share.hosts]
    assert of_a.waits == {"a.test:81": 2.0, "a.test:82": 2.0}
    assert {part.share.hosts for part in parts} == {
        frozenset({"a.test:81", "a.test:82"}), frozenset({"b.test:81"}), frozenset({"b.test:82"})
    }  # fmt: skip


def test_a_crawl_by_workers_ends_as_one_of_a_process_does(
    web, other_web, limits, store, picture
) -> None:
    """Within turns that are too short for it, and with redirects from one's host to another's."""

    async def answer(talk: Any) -> None:
        await asyncio.sleep(0.03)
        await talk.reply(picture(int(talk.path.partition("?")[2])))

    web.route("/a", answer)
    other_web.route("/a", answer)
    web.say("/to", b"", "302 Found", Location=other_web.url("/a?77"))
    other_web.say("/to", b"", "302 Found", Location=web.url("/to"))

    async def shy(talk: Any) -> None:
        await talk.reply(picture(78), "503 Busy" if talk.number == 1 else "200 OK")

    # tried again from its first address, which is another worker's
    web.say("/hop", b"", "302 Found", Location=other_web.route("/shy", shy))
    web.say("/none", b"", "404 Not Found")
    web.say("/busy", b"", "503 Busy")
    urls = [one.url(f"/a?{n}") for one in (web, other_web) for n in range(12)]
    urls += [one.url(f"/{name}?{n}") for one in (web, other_web) for name in ("to", "none")
             for n in range(3)]  # fmt: skip
    urls += [web.url("/busy"), web.url("/hop"), "ftp://nowhere.test/a"]
    bounds = replace(limits, per_host=2, retries=1)
    found = list(fetch_all(urls, bounds, store, anew=over_workers(TWO, bounds, store, 0.2)))
    assert sorted(one.url for one in found) == sorted(urls)
    ended = {one.url: (one.outcome, one.id, one.attempts) for one in found}
    assert (web.busiest, other_web.busiest) == (2, 2)
    assert (web.hits["/a"], web.hits["/to"], web.hits["/busy"]) == (12, 6, 2)
    assert (ended[web.url("/hop")][0], web.hits["/hop"]) == (Outcome.OK, 2)
    assert not any(one.recalled for one in found)
    hits = web.hits.copy()
    again = {one.url: (one.outcome, one.id, one.attempts) for one in fetch_all(urls, bounds, store)}
    # what has ended for good is remembered
    assert again == ended
    assert set((web.hits - hits).elements()) == {"/busy"}


def test_who_is_to_be_left_alone_is_so_in_the_next_turn_too(web, limits, store) -> None:
    seen: list[float] = []

    async def answer(talk: Any) -> None:
        seen.append(time.monotonic())
        if len(seen) == 1:
            await talk.reply(b"", "429 Too Many Requests", Retry_After="1")
        else:
            await talk.reply(b"x")

    web.route("/a", answer)
    bounds = replace(limits, per_host=1, limiter=HostLimiter({"127.0.0.1": HostPolicy(1, 0.2)}))
    anew = over_workers(TWO, bounds, store, 0.6)
    found = list(fetch_all([web.url(f"/a?{n}") for n in range(3)], bounds, store, anew=anew))
    assert {one.outcome for one in found} == {Outcome.NOT_AN_IMAGE}
    gaps = [after - before for before, after in zip(seen, seen[1:], strict=False)]
    assert gaps[0] >= 0.98 and min(gaps[1:]) >= 0.18


def test_a_host_that_always_wants_a_pause_does_not_begin_anew_each_turn(web, limits, store) -> None:
    """Once it has throttled its addresses for as long as a run allows, each fails by itself."""
    web.say("/busy", b"", "429 Too Many Requests", Retry_After="1")
    bounds = replace(limits, per_host=1, retries=0, max_throttle=1.0)
    anew = over_workers(TWO, bounds, store, 0.3)
    begun = time.monotonic()
    urls = [web.url(f"/busy?{n}") for n in range(20)]
    found = list(fetch_all(urls, bounds, store, anew=anew))
    assert [one.outcome for one in found] == [Outcome.UNAVAILABLE] * 20
    assert time.monotonic() - begun < 3


def test_a_site_whose_robots_txt_never_comes_is_let_be_after_as_many_turns_as_attempts(
    web, limits, store
) -> None:
    async def stall(talk: Any) -> None:
        await asyncio.sleep(5)

    web.route("/robots.txt", stall)
    bounds = replace(limits, per_host=1, retries=1, timeout=0.3)
    anew = over_workers(TWO, bounds, store, 0.1)
    urls = [web.url(f"/a?{n}") for n in range(20)]
    found = list(fetch_all(urls, bounds, store, anew=anew))
    assert [one.outcome for one in found] == [Outcome.TIMEOUT] * 20
    assert web.hits["/robots.txt"] == 2


def test_after_a_tenth_of_the_work_its_end_is_known_within_a_factor_of_two(
    limits, store, monkeypatch
) -> None:
    """By a clock of its own: one host gives a picture a second, and three others ten."""
    now = [0.0]
    monkeypatch.setattr(
        "foodcls.collect.over_workers.time", SimpleNamespace(monotonic=lambda: now[0])
    )

    def spread(function: Any, tasks: Any) -> Iterator[FetchReport]:
        for task in tasks:
            sent = Counter[str]()
            done, left = [], []
            for one in task.requests:
                sent[one.host] += 1
                most = task.share.seconds * (1 if one.host == "slow.test" else 10)
                (done if sent[one.host] <= most else left).append(one)
            yield FetchReport(tuple(FetchResult(one.url, Outcome.OK) for one in done), tuple(left))
        slow = sum(one.host == "slow.test" for task in tasks for one in task.requests)
        now[0] += min(tasks[0].share.seconds, slow)

    urls = [f"http://fast{n % 3}.test/{n}" for n in range(3_000)]
    urls += [f"http://slow.test/{n}" for n in range(1_000)]
    told = list[tuple[float, float]]()
    forecast = SimpleNamespace(tell=lambda seconds: told.append((now[0], seconds)))
    anew = over_workers(Fleet(spread, lambda: 2), limits, store)
    assert len(list(anew(urls, forecast))) == 4_000
    checked = [(at, left) for at, left in told if 0.1 * now[0] < at < 0.95 * now[0]]
    assert len(checked) > 10 and told[0][0] <= 10
    assert all(0.5 < left / (now[0] - at) < 2 for at, left in checked)


def test_a_turn_carries_no_more_than_its_workers_may_do(limits, store, monkeypatch) -> None:
    """Nor does a host that has not begun make all others' end look far."""
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("foodcls.collect.over_workers.time", clock)
    monkeypatch.setattr("foodcls.collect.over_workers.MOST_FOR_ONE", 30)
    sent: list[int] = []

    def spread(function: Any, tasks: Any) -> Iterator[FetchReport]:
        sent.append(sum(len(one.requests) for one in tasks))
        now[0] += 1
        for task in tasks:
            yield FetchReport(tuple(FetchResult(one.url, Outcome.OK) for one in task.requests))

    told = list[float]()
    urls = [f"http://host{n // 25}.test/{n}" for n in range(200)]
    anew = over_workers(Fleet(spread, lambda: 2), limits, store)
    assert len(list(anew(urls, SimpleNamespace(tell=told.append)))) == 200
    assert sent == [60, 60, 60, 20]
    assert told[0] == pytest.approx(140 / 60) and told[-1] == 0


def test_what_a_lost_worker_has_finished_is_not_fetched_again(web, limits, store, picture) -> None:
    web.say("/a", picture(1))
    web.say("/busy", b"", "503 Busy")
    lost: list[Any] = []

    def spread(function: Any, items: Any) -> Iterator[Any]:
        for item in items:
            # as Dask does where a worker is gone: what it gave back has not arrived
            if not lost:
                lost.append(function(item))
            yield function(item)

    urls = [web.url(f"/a?{n}") for n in range(5)] + [web.url("/busy")]
    anew = over_workers(Fleet(spread, lambda: 2), replace(limits, retries=0), store)
    found = list(fetch_all(urls, limits, store, anew=anew))
    assert sorted(one.url for one in found) == sorted(urls)
    assert (web.hits["/a"], web.hits["/busy"]) == (5, 2)
    assert not any(one.recalled for one in found)
    # to forget them would write all of the store's facts anew, in each turn of each worker
    assert len(list(store.facts("share/2"))) == 1
