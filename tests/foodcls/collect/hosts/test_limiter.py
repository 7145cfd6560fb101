import asyncio
import json
import math
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.official import Api
from foodcls.collect.engines.registry import ENGINES, page_urls
from foodcls.collect.fetch import DAYS, download_all, fetch_all
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.shared import DayLimitReached, HostState, HourlyBytes, host_places
from foodcls.collect.hosts.table import HOSTS, HostPolicy, with_hosts
from foodcls.collect.limits import fetch_limits
from foodcls.collect.outcomes import Outcome
from foodcls.collect.request import Request
from foodcls.progress import Forecast
from foodcls.recipe.data_settings import Collect, HostLimits
from foodcls.store.store import Store

SLACK = 0.02  # seconds by which a clock may differ from the loop's


@pytest.fixture
def other_store(tmp_path: Path) -> Store:
    return Store(tmp_path / "other")


@pytest.fixture
def times(web) -> Callable[[str], list[float]]:
    """When requests for a path came, from now on."""

    def listen(path: str) -> list[float]:
        seen: list[float] = []

        async def answer(talk: Any) -> None:
            seen.append(time.monotonic())
            await talk.reply(b"x")

        web.route(path, answer)
        return seen

    return listen


def test_a_host_is_asked_no_more_often_than_it_wants_over_downloads_too(web, times, limits) -> None:
    seen = times("/a")
    bounds = replace(limits, limiter=HostLimiter({"127.0.0.1": HostPolicy(4, 0.1)}))
    for count in (3, 2):
        got = download_all([web.url(f"/a?{count}{n}") for n in range(count)], bounds)
        assert {one.outcome for one in got} == {Outcome.OK}
    gaps = [after - before for before, after in zip(seen, seen[1:], strict=False)]
    assert len(seen) == 5 and min(gaps) >= 0.1 - SLACK


def test_a_host_gets_no_more_connections_than_it_wants(web, limits) -> None:
    web.say("/a", b"x")
    bounds = replace(limits, per_host=8, limiter=HostLimiter({"127.0.0.1": HostPolicy(1)}))
    got = list(download_all([web.url(f"/a?{n}") for n in range(12)], bounds))
    assert (len(got), web.busiest) == (12, 1)


@pytest.mark.parametrize("name", ["bücher.test:80", "XN--BCHER-KVA.test.", "xn--bcher-kva.test"])
def test_a_host_has_the_same_limits_however_an_address_spells_it(name: str, limits) -> None:
    url = f"http://{name}/a"
    assert Request(url, at=url).host == "xn--bcher-kva.test"
    limiter = HostLimiter({"xn--bcher-kva.test": HostPolicy(1, wants_contact=True)})
    (got,) = download_all([url], replace(limits, limiter=limiter))
    assert got.outcome is Outcome.NO_CONTACT


def test_a_host_gives_no_more_bytes_a_second_than_it_wants_over_downloads_too(web, limits) -> None:
    web.say("/a", bytes(40_000))
    bounds = replace(limits, limiter=HostLimiter({"127.0.0.1": HostPolicy(1, rate=400_000)}))
    begun = time.monotonic()
    for count in (3, 1):
        list(download_all([web.url(f"/a?{count}{n}") for n in range(count)], bounds))
    # the last one's time is the next download's
    assert time.monotonic() - begun >= 3 * 0.1 - SLACK
    assert bounds.limiter.left(f"127.0.0.1:{web.port}") > 0


def test_a_host_that_wants_a_contact_is_asked_with_one_alone(web, limits) -> None:
    web.say("/a", b"x")
    web.say("/to", b"", "302 Found", Location=web.url("/a"))
    bounds = replace(limits, limiter=HostLimiter({"127.0.0.1": HostPolicy(8, wants_contact=True)}))
    (mute,) = download_all([web.url("/a")], bounds)
    assert (mute.outcome, web.hits["/a"]) == (Outcome.NO_CONTACT, 0)
    assert "FOODCLS_CONTACT" in mute.detail
    (told,) = download_all([web.url("/to")], replace(bounds, contact="me@example.org\r\nX: y"))
    assert told.outcome is Outcome.OK
    agent = web.talks[-1].headers["user-agent"]
    assert agent.startswith("foodcls/") and "me@example.org%0D%0AX: y" in agent


def test_every_official_interface_that_says_how_it_wants_to_be_asked_stands_in_the_table() -> None:
    hosts = {name: urlsplit(page_urls(Question(name, "dish", "soup", 5), Access())[0]).hostname
             for name, one in ENGINES.items() if isinstance(one, Api)}  # fmt: skip
    assert not {name: host for name, host in hosts.items() if host not in HOSTS}
    assert all(HOSTS[host].at_once <= 2 for host in hosts.values())
    media = [
        policy
        for host, policy in HOSTS.items()
        if host.endswith((".amazonaws.com", "static.inaturalist.org"))
    ]
    assert len(media) == 2 and sum(one.rate for one in media) * 3600 <= 5e9
    assert 0 < sum(one.daily for one in media) <= 24e9


def test_a_recipe_adds_hosts_and_makes_none_less_careful() -> None:
    wanted = (
        HostLimits(name="a.test", connections=3, pause=0.5, megabits=8.0, gigabytes=2.0),
        HostLimits(name="static.inaturalist.org", gigabytes=80.0),
        HostLimits(name="upload.wikimedia.org", connections=9, megabits=80.0),
        HostLimits(name="api.openverse.org", pause=9.0),
    )
    limiter = fetch_limits(Collect(engines=("bing",), hosts=wanted)).limiter
    assert limiter.policy("a.test:8080") == HostPolicy(3, 0.5, rate=1e6, daily=2e9)
    assert limiter.policy("static.inaturalist.org") == HOSTS["static.inaturalist.org"]
    assert limiter.policy("upload.wikimedia.org") == HOSTS["upload.wikimedia.org"]
    assert limiter.policy("api.openverse.org") == replace(
        HOSTS["api.openverse.org"], pause=9.0, keyed_pause=9.0
    )
    assert limiter.policy("api.flickr.com") == HOSTS["api.flickr.com"]


@pytest.mark.parametrize("name", ["https://a.test", "a.test/b", "A.test", ""])
def test_a_host_that_no_address_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        HostLimits(name=name)


@pytest.mark.parametrize("policy", [HostPolicy(1, 0.02), HostPolicy(1, rate=10_000 / 0.02)])
def test_a_wait_that_a_host_makes_long_is_told_once(
    web, limits, monkeypatch, caplog, policy: HostPolicy
) -> None:
    monkeypatch.setattr("foodcls.collect.hosts.host_queue.LONG", 0.1)
    caplog.set_level("INFO")
    web.say("/a", bytes(10_000))
    bounds = replace(limits, limiter=HostLimiter({"127.0.0.1": policy}))
    begun = time.monotonic()
    assert len(list(download_all([web.url(f"/a?{n}") for n in range(20)], bounds))) == 20
    assert time.monotonic() - begun > 0.3
    (said,) = [one.getMessage() for one in caplog.records if "wait" in one.getMessage()]
    left = 19 if policy.pause else 15
    words = f"{left} addresses wait, one in 0.02 s as it asks: about 0 min"
    assert said == f"127.0.0.1: {words}"


PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from foodcls.collect.fetch import download_all
from foodcls.collect.limits import fetch_limits
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.table import HostPolicy
from foodcls.recipe.data_settings import Collect

name, url, folder = sys.argv[1:]
limits = fetch_limits(Collect(engines=("bing",), allow_private_hosts=True, timeout=60.0))
limiter = HostLimiter({"127.0.0.1": HostPolicy(2, 0.01, rate=400_000)}, Path(folder))
print("ready", flush=True)
input()
urls = [f"{url}?{name}{number}" for number in range(12)]
print({one.outcome.value for one in download_all(urls, replace(limits, limiter=limiter))})
"""


def test_two_processes_keep_a_hosts_limits_together(web, tmp_path: Path) -> None:
    """The server's clocks: never more connections, more requests or more bytes than one may."""
    seen: list[tuple[float, float]] = []
    refused: set[str] = set()

    async def answer(talk: Any) -> None:
        begun = time.monotonic()
        # slow, so that connections meet; every fourth is sent to another place on the same host
        await asyncio.sleep(0.06)
        if talk.path.endswith(("3", "7")):
            await talk.reply(b"", "302 Found", Location=web.url(f"/b?{talk.path[-2:]}"))
        elif talk.path.endswith("5") and talk.path not in refused:
            refused.add(talk.path)
            await talk.reply(b"", "503 Busy")
        else:
            await talk.reply(bytes(10_000))
        seen.append((begun, time.monotonic()))

    url = web.route("/a", answer)
    web.say("/b", bytes(10_000))
    places = tmp_path / "places"
    words = [url, str(places)]
    pair = [subprocess.Popen([sys.executable, "-c", PROGRAM, name, *words], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for name in ("one", "two")]  # fmt: skip
    assert [one.stdout and one.stdout.readline() for one in pair] == ["ready\n"] * 2
    for one in pair:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[0] for one in pair] == ["{'ok'}\n"] * 2
    assert web.busiest == 2
    sent = sum(web.sent.values())
    begun, ended = min(begin for begin, _ in seen), max(end for _, end in seen)
    # what two connections had begun before the first was counted comes on top
    assert sent >= 240_000 and sent <= 400_000 * (ended - begun + SLACK) + 3 * 10_000
    starts = sorted(begin for begin, _ in seen)
    assert min(after - before for before, after in zip(starts, starts[1:], strict=False)) > 0
    assert {talk.path[3:6] for talk in web.talks} >= {"one", "two"}


def test_a_place_is_free_once_its_holder_is_gone_and_torn_times_are_none(tmp_path: Path) -> None:
    table = {"a.test": HostPolicy(1)}
    one, two = (HostLimiter(table, tmp_path / "places") for _ in range(2))
    assert one.claim("a.test") == 0 < two.claim("a.test")
    one.leave_all()
    assert two.claim("a.test") == 0 and one.claim("b.test") == 0
    two.leave("a.test")
    many, none = "9" * 400, '"hours": {}, "reserved": {}'
    for text in ("tor", "1e99", "[" * 99_999, f'{{"free_at": {many}, {none}}}',
                 '{"free_at": 0, "hours": {}, "reserved": {"x": []}}'):  # fmt: skip
        (tmp_path / "places" / "a.test").write_text(text)
        assert one.claim("a.test") == 0
        one.leave("a.test")
    two.slow_down("a.test", 5)
    assert 4 < one.claim("a.test") <= 5


def test_the_longest_pause_that_a_recipe_may_set_holds_over_processes(tmp_path: Path) -> None:
    table = with_hosts([HostLimits(name="a.test", pause=3600)])
    one, two = (HostLimiter(table, tmp_path) for _ in range(2))
    assert one.claim("a.test") == 0 and 3590 < two.claim("a.test") <= 3600


def test_a_host_of_the_longest_name_ends_no_sharing_of_limits(tmp_path: Path) -> None:
    host = ".".join(["a" * 62] * 4) + ":65535"
    one, two = (HostLimiter(places=tmp_path) for _ in range(2))
    one.slow_down(host, 5)
    two.slow_down(host, 1)
    assert 4 < two.claim(host) <= 5


def test_what_a_host_gives_in_a_day_holds_over_processes_runs_and_machines(
    web, limits, store, other_store, tmp_path: Path, monkeypatch, caplog
) -> None:
    """Nothing beyond it is asked for, and what is left out is named in one sentence."""
    clock = [1_000_000.0]
    watch = SimpleNamespace(time=lambda: clock[0], monotonic=time.monotonic)
    monkeypatch.setattr("foodcls.collect.hosts.shared.time", watch)
    web.say("/robots.txt", b"", "404 Not Found")
    web.say("/a", bytes(10_000))
    table = {"127.0.0.1": HostPolicy(4, daily=55_000)}

    def crawl(kept: Store, places: Path | None, path: str = "/a", count: int = 12) -> Counter[str]:
        limiter = HostLimiter(table, places)
        bounds = replace(limits, max_bytes=10_000, retries=0, limiter=limiter)
        urls = [web.url(f"{path}?{time.monotonic()}-{number}") for number in range(count)]
        # zeros are no picture, but they have come
        return Counter(one.outcome.value for one in fetch_all(urls, bounds, kept))

    here, there = tmp_path / "here", tmp_path / "there"
    web.say("/none", b"", "404 Not Found")
    web.say("/to", b"", "302 Found", Location=web.url("/none"))
    for path in ("/none", "/to"):
        assert crawl(store, here, path) == {"http_error": 12}
    assert crawl(store, here, count=2) == {"not_an_image": 2}
    assert crawl(store, here) == {"not_an_image": 3, "deferred": 9}
    (said,) = [line for line in caplog.messages if "GB" in line]
    hours = 25 - clock[0] % 3600 / 3600
    words = f"the 5.5e-05 GB that it gives in a day have come; more in {hours:.1f} h"
    assert said == f"127.0.0.1:{web.port}: {words}; 9 addresses are left to a later run"
    # another workspace on this machine, another machine with this store, and a process that
    # keeps limits alone
    for kept, places in ((other_store, here), (store, there), (store, None)):
        assert crawl(kept, places) == {"deferred": 12}
    clock[0] += 24 * 3600
    assert crawl(store, here) == {"deferred": 12}
    clock[0] += 3600
    assert crawl(store, None) == {"not_an_image": 5, "deferred": 7}
    assert web.hits["/a"] == 10


@pytest.mark.parametrize("is_shared", [True, False])
def test_what_is_set_aside_for_requests_under_way_ends_no_day(
    web, limits, tmp_path: Path, is_shared: bool
) -> None:
    """A day of two pictures as large as allowed gives many small ones."""
    web.say("/a", bytes(100))
    limiter = HostLimiter(
        {"127.0.0.1": HostPolicy(4, daily=50_000)}, tmp_path if is_shared else None
    )
    bounds = replace(limits, max_bytes=20_000, per_host=4, limiter=limiter)
    got = Counter(
        one.outcome for one in download_all([web.url(f"/a?{n}") for n in range(9)], bounds)
    )
    assert got == {Outcome.OK: 9}
    assert [sum(hours.values()) for hours in limiter.days().values()] == [900]


@pytest.mark.parametrize("is_shared", [True, False])
def test_all_ports_of_a_host_keep_its_limits_together(
    web, other_web, limits, tmp_path: Path, is_shared: bool
) -> None:
    seen: list[tuple[float, float]] = []

    async def answer(talk: Any) -> None:
        begun = time.monotonic()
        await asyncio.sleep(0.25)
        seen.append((begun, time.monotonic()))
        await talk.reply(bytes(1_000))

    table = {"127.0.0.1": HostPolicy(2, 0.1, daily=5_500)}
    limiter = HostLimiter(table, tmp_path / "places" if is_shared else None)
    urls = [f"{one.route('/a', answer)}?{n}" for one in (web, other_web) for n in range(4)]
    bounds = replace(limits, max_bytes=1_000, limiter=limiter)
    got = Counter(one.outcome for one in download_all(urls, bounds))
    assert got == {Outcome.OK: 5, Outcome.DEFERRED: 3}
    assert max(sum(begun <= at < end for begun, end in seen) for at, _ in seen) == 2
    assert max(begun for begun, _ in seen) - min(seen)[0] >= 4 * 0.1 - SLACK
    told = {host: sum(hours.values()) for host, hours in limiter.days().items()}
    assert told == {"127.0.0.1": 5_000}


def test_what_a_killed_process_had_set_aside_counts_no_more_once_it_is_needed(
    tmp_path: Path,
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.table import HostPolicy
limiter = HostLimiter({{"a.test": HostPolicy(4, daily=1000.0)}}, Path({str(tmp_path)!r}))
assert limiter.claim("a.test", 400) == limiter.claim("a.test", 400) == 0
limiter.spend("a.test", 150)
print("has claimed", flush=True)
input()
os.kill(os.getpid(), signal.SIGKILL)
"""
    limiter = HostLimiter({"a.test": HostPolicy(4, daily=1000.0)}, tmp_path)
    with subprocess.Popen([sys.executable, "-c", program], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # fmt: skip
        assert other.stdin and other.stdout and other.stdout.readline() == "has claimed\n"
        # what it may bring is not known yet
        assert limiter.claim("a.test", 800) > 0
        other.communicate("\n")
    # of what it had claimed, 150 bytes came
    assert limiter.claim("a.test", 800) == 0
    assert limiter.spend("a.test", 800) == 0
    assert [sum(hours.values()) for hours in limiter.days().values()] == [950]


def test_a_clock_that_is_set_back_or_was_years_ahead_gives_no_day_anew(monkeypatch) -> None:
    clock = [0.0]
    watch = SimpleNamespace(time=lambda: clock[0], monotonic=time.monotonic)
    monkeypatch.setattr("foodcls.collect.hosts.shared.time", watch)
    hours = HourlyBytes()
    for year in (2099, 2026):
        clock[0] = (year - 1970) * 365.25 * 86400
        hours.add(10.0)
    assert hours.total() == 10 and len(hours) == 1
    clock[0] -= 2 * 3600
    assert hours.total() == 10 and hours.add(5.0) == 5 and hours.total() == 15
    clock[0] += 27 * 3600
    assert hours.total() == 0


ODD_DAYS = [
    {"1": math.nan},
    {"1": math.inf},
    {"1": -5.0, "2": 9.0},
    {"1": "x"},
    {"x": 1.0},
    [],
    None,
]


@pytest.mark.parametrize("odd", ODD_DAYS, ids=str)
def test_what_is_no_number_of_bytes_bounds_and_frees_nothing(odd: Any, tmp_path: Path) -> None:
    now = int(time.time() // 3600)
    limiter = HostLimiter({name: HostPolicy(1, daily=100.0) for name in ("a.test", "b.test")})
    limiter.recall_days({"b.test": odd, "a.test": {str(now): 50.0}})
    assert limiter._earlier == {"a.test": {now: 50.0}}
    place = tmp_path / "place"
    for told in ({"hours": odd, "free_at": 0, "reserved": {}},
                 {"hours": {}, "free_at": math.nan, "reserved": {}},
                 {"hours": {}, "free_at": 0, "reserved": {"1": math.nan}},
                 {"hours": {}, "free_at": 0, "reserved": {"1": -1e9}}):  # fmt: skip
        place.write_text(json.dumps(told))
        assert json.loads(HostState(place).text()) == {"free_at": 0, "hours": {}, "reserved": {}}


def test_a_machine_that_is_lost_has_told_the_store_of_a_day_before(
    web, limits, store, monkeypatch
) -> None:
    monkeypatch.setattr("foodcls.collect.fetch.DAYS_PACE", 0.0)
    web.say("/a", bytes(100))
    bounds = replace(limits, limiter=HostLimiter({"127.0.0.1": HostPolicy(1, daily=1e9)}))
    told = [store.recall(DAYS, ["127.0.0.1"])
            for _ in fetch_all([web.url(f"/a?{n}") for n in range(3)], bounds, store)]  # fmt: skip
    assert sum(told[-1]["127.0.0.1"].values()) >= 300


def test_bytes_of_a_body_that_broke_off_have_come(web, limits) -> None:
    async def half(talk: Any) -> None:
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + bytes(4_000))

    url = web.route("/half", half)
    limiter = HostLimiter({"127.0.0.1": HostPolicy(4, rate=1e6, daily=1e6)})
    (got,) = download_all([url], replace(limits, retries=1, limiter=limiter))
    assert (got.outcome, got.attempts) == (Outcome.TRUNCATED, 2)
    (hours,) = limiter.days().values()
    assert list(hours.values()) == [8_000]


def test_places_that_cannot_be_written_end_no_crawl_and_its_limits_hold_in_this_process(
    web, times, limits, tmp_path: Path, caplog
) -> None:
    """In place of the file with the host's times lies what can be neither read nor written."""
    seen = times("/a")
    places = tmp_path / "places"
    (places / "127.0.0.1").mkdir(parents=True)
    limiter = HostLimiter({"127.0.0.1": HostPolicy(2, 0.1, rate=100)}, places)
    got = list(
        download_all([web.url(f"/a?{n}") for n in range(4)], replace(limits, limiter=limiter))
    )
    assert {one.outcome for one in got} == {Outcome.OK} and len(seen) == 4
    # the first one has to connect before it arrives
    gaps = [after - before for before, after in zip(seen[1:], seen[2:], strict=False)]
    assert min(gaps) >= 0.1 - SLACK and web.busiest <= 2
    (said,) = [line for line in caplog.messages if "hosts' limits" in line]
    assert "Is a directory" in said


def test_places_that_go_while_a_host_is_counted_end_no_crawl(tmp_path: Path) -> None:
    """Its new file cannot be written, and then a place cannot be locked."""
    places = tmp_path / "places"
    limiter = HostLimiter({"a.test": HostPolicy(1, daily=100)}, places)
    (places / "a.test.part").mkdir(parents=True)
    assert limiter.claim("a.test", 60) == 0.0
    limiter.spend("a.test", 60)
    limiter.leave("a.test")
    shutil.rmtree(places)
    places.write_bytes(b"")
    assert limiter.claim("a.test", 40) == 0.0 and limiter.claim("a.test", 0) > 0
    limiter.leave("a.test")
    with pytest.raises(DayLimitReached):
        limiter.claim("a.test", 50)


def test_who_is_registered_need_not_wait_as_others_do() -> None:
    wanted = (HostLimits(name="api.openverse.org", pause=1.0),)
    for hosts, pause in (((), 0.6), (wanted, 1.0)):
        limiter = fetch_limits(Collect(engines=("bing",), hosts=hosts)).limiter
        limiter.book("a.test")
        quick = limiter.for_registered(["api.openverse.org", "a.test"])
        assert quick.policy("api.openverse.org").pause == pause
        assert limiter.policy("api.openverse.org").pause == 3.0
        # who is to be left alone stays known
        quick.slow_down("api.openverse.org", 5)
        assert limiter.left("api.openverse.org") > 4


def test_limits_are_kept_together_in_a_folder_of_ones_own_alone(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = host_places()
    assert place and place.parent.stat().st_mode & 0o777 == 0o700
    place.parent.chmod(0o777)
    assert host_places() is None
    place.parent.chmod(0o700)
    shutil.rmtree(place, ignore_errors=True)
    place.write_text("a file")
    assert host_places() is None
    place.unlink()
    place.parent.rmdir()
    place.parent.symlink_to(tmp_path)
    assert host_places() is None
    place.parent.unlink()
    place.parent.write_text("a file")
    assert host_places() is None


def test_a_crawl_foretells_its_end_by_what_its_slowest_host_allows(web, limits, store) -> None:
    """Nine pictures in ten are there at once: who counts them alone believes it is soon over."""
    web.say("/a", b"x")
    hosts = {f"{name}.test": ("127.0.0.1", web.port) for name in ("slow", "fast")}
    urls = [f"http://fast.test/a?{number}" for number in range(108)]
    urls += [f"http://slow.test/a?{number}" for number in range(12)]
    bounds = replace(limits, limiter=HostLimiter({"slow.test": HostPolicy(8, 0.05)}), hosts=hosts)
    forecast, told = Forecast(), list[float]()
    forecast.tell = told.append
    assert (
        len(list(fetch_all(urls, bounds, store, forecast=forecast))) == 120
        and max(told) >= 11 * 0.05
    )
