"""How each host wants to be asked, as it has published: at once, how often, and by whom.

upload.wikimedia.org    2 connections and 25 Mbit/s in all (robot policy of 2025, in
                        https://www.mail-archive.com/wikitech-l@lists.wikimedia.org/msg96632.html)
commons.wikimedia.org   in series (https://www.mediawiki.org/wiki/API:Etiquette)
iNaturalist's photos    5 GB an hour (https://www.inaturalist.org/pages/api+recommended+practices)
api.openverse.org       20 requests a minute without a key, 100 with one (as its users tell)
others                  as the interface's file cites them

Processes of one machine that are given the same folder keep these limits together.
"""

import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from urllib.parse import quote

from filelock import FileLock, Timeout

from foodcls.recipe.data_settings import HostLimits

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Manner:
    """Bounds for one host; `pause` is the seconds from the start of a request to the next one's."""

    at_once: int
    pause: float = 0.0
    wants_contact: bool = False
    rate: float = 0.0  # bytes a second; 0: as fast as it gives them
    keyed_pause: float | None = None  # the pause for who is registered, where that is shorter


HOSTS = {
    "commons.wikimedia.org": Manner(1, wants_contact=True),
    "upload.wikimedia.org": Manner(2, wants_contact=True, rate=25e6 / 8),
    "api.openverse.org": Manner(1, 3.0, keyed_pause=0.6),
    "api.flickr.com": Manner(1, 1.0),
    "api.inaturalist.org": Manner(1, 1.0),
    # of 5 GB an hour in all, one half each: its photos under open licences, and the others
    "inaturalist-open-data.s3.amazonaws.com": Manner(512, rate=5e9 / 3600 / 2),
    "static.inaturalist.org": Manner(512, rate=5e9 / 3600 / 2),
    "api.search.brave.com": Manner(1, 1.0),
    "api.pexels.com": Manner(1),
    "pixabay.com": Manner(1, 0.6),
    "api.unsplash.com": Manner(1),
    "duckduckgo.com": Manner(1, 1.0),
}
OTHERS = Manner(512)
LONGEST = 600.0  # seconds; no limit keeps a host from being asked for longer
BUSY = 0.05  # seconds after which another process may have left a place free
SOME = 5  # pictures that tell how large a host's are


def with_hosts(added: Iterable[HostLimits]) -> Mapping[str, Manner]:
    """The table with hosts of a recipe; of each limit of a host the stricter one."""
    return HOSTS | {one.name: _stricter(HOSTS.get(one.name, OTHERS), one) for one in added}


def _stricter(known: Manner, wanted: HostLimits) -> Manner:
    rates = [rate for rate in (known.rate, (wanted.megabits or 0.0) * 1e6 / 8) if rate]
    at_once, pause = min(known.at_once, wanted.connections), max(known.pause, wanted.pause)
    keyed = None if known.keyed_pause is None else max(known.keyed_pause, wanted.pause)
    return Manner(at_once, pause, known.wants_contact, min(rates, default=0.0), keyed)


@dataclass(frozen=True)
class Manners:
    """The manners of all hosts, and until when each of them is to be left alone.

    Of hosts that have limits, who takes a place of `places`, a folder, leaves it for other
    processes when done; a process that dies leaves its own. Times are the machine's, since it
    started (monotonic), so that all its processes read one clock.
    """

    hosts: Mapping[str, Manner] = field(default_factory=lambda: HOSTS)
    places: Path | None = None  # None: this process keeps limits alone
    _held: dict[str, list[FileLock]] = field(default_factory=dict, repr=False)
    _free_at: dict[str, float] = field(default_factory=dict, repr=False)
    _delays: dict[str, float] = field(default_factory=dict, repr=False)  # robots.txt's, in seconds
    _sizes: dict[str, list[int]] = field(default_factory=dict, repr=False)  # bytes that came
    _troubles: list[OSError] = field(default_factory=list, repr=False)  # with `places`

    def of(self, host: str) -> Manner:
        """The manner for a host, which may come with its port."""
        return self.hosts.get(host) or self.hosts.get(host.rpartition(":")[0]) or OTHERS

    def for_registered(self, hosts: Iterable[str]) -> "Manners":
        """The same, with the pauses of these hosts for who is registered there."""
        known = {host: self.hosts[host] for host in hosts if host in self.hosts}
        quicker = {host: replace(manner, pause=manner.keyed_pause)
                   for host, manner in known.items() if manner.keyed_pause is not None}  # fmt: skip
        return replace(self, hosts={**self.hosts, **quicker})

    def slow_down(self, host: str, delay: float) -> None:
        """Heed that robots.txt wants so many seconds from one request to the next, from now on."""
        self._delays[host] = delay
        until = max(self._free_at.get(host, 0.0), time.monotonic() + delay)
        self._free_at[host] = until
        self._share(host, lambda others: others.wait(until))

    def claim(self, host: str) -> float:
        """Take a place for a request that starts now; the seconds to wait where there is none."""
        if self.of(host) == OTHERS and not self._pause(host):
            return 0.0
        return self._share(host, lambda others: self._take_place(host, others)) or 0.0

    def _take_place(self, host: str, others: "_Others") -> float:
        if (wait := others.free_at - time.monotonic()) > 0:
            return wait
        for number in range(self.of(host).at_once):
            lock = FileLock(f"{others.path}.{number}", thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            self._held.setdefault(host, []).append(lock)
            others.free_at = time.monotonic() + self._pause(host)
            return 0.0
        return BUSY

    def leave(self, host: str) -> None:
        """Give a place back, if one was taken."""
        if held := self._held.get(host):
            held.pop().release()

    def leave_all(self) -> None:
        """Give all places back."""
        for host in self._held:
            while self._held[host]:
                self.leave(host)

    def book(self, host: str) -> float:
        """The seconds until the next request to this host, of which one starts now."""
        if pause := self._pause(host):
            self._free_at[host] = time.monotonic() + pause
        return pause

    def spend(self, host: str, size: int) -> float:
        """The seconds until the next request to this host, of which so many bytes came."""
        rate, now = self.of(host).rate, time.monotonic()
        if not rate:
            return 0.0
        self._sizes.setdefault(host, []).append(size)
        until = self._share(
            host, lambda others: others.wait(max(others.free_at, now) + size / rate)
        )
        alone = max(self._free_at.get(host, 0.0), now) + size / rate
        self._free_at[host] = alone if until is None else until
        return self._free_at[host] - now

    def pace(self, host: str) -> float:
        """The seconds that each request to this host takes by its limits, as far as is known."""
        sizes, rate = self._sizes.get(host, [])[:SOME], self.of(host).rate
        return max(self._pause(host), mean(sizes) / rate if len(sizes) == SOME else 0.0)

    def _pause(self, host: str) -> float:
        return max(self.of(host).pause, self._delays.get(host, 0.0))

    def left(self, host: str) -> float:
        """The seconds for which requests of earlier downloads keep this host from being asked."""
        return max(self._free_at.get(host, 0.0) - time.monotonic(), 0.0)

    def _share(self, host: str, act: Callable[["_Others"], float]) -> float | None:
        """Let processes of this machine know what `act` changes; None where they cannot."""
        if not self.places or self._troubles:
            return None
        try:
            with _held(self.places, host) as others:
                return act(others)
        # such as a full disk: this process keeps limits alone from now on
        except OSError as error:
            LOG.warning("%s: other processes on this machine hear of hosts' limits no more", error)
            self._troubles.append(error)
            return None


@contextmanager
def _held(places: Path, host: str) -> Iterator["_Others"]:
    """What the processes of this machine know of a host, held while it is read and written."""
    places.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = places / quote(host, safe="")
    with FileLock(f"{path}.lock", thread_local=False):
        others = _Others(path)
        before = others.free_at
        yield others
        if others.free_at != before:
            path.write_text(repr(others.free_at))


def host_places() -> Path | None:
    """A folder in which all runs of this user on this machine keep hosts' limits together.

    None where it is somebody else's, who could lead what is written there elsewhere, or where
    nothing can be written.
    """
    own = Path(tempfile.gettempdir()) / f"foodcls-{os.geteuid()}"
    hosts = own / "hosts"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        found = own.lstat()
        is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not is_own or found.st_mode & 0o022:
            return None
        hosts.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=hosts) as file:
            file.write(b"x")
    except OSError:
        return None
    return hosts


class _Others:
    """Until when all processes are to leave a host alone, as its file says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.free_at = float(path.read_text())
        # nobody has asked it yet, or who wrote was killed
        except (FileNotFoundError, ValueError):
            self.free_at = 0.0
        # of before the machine started anew
        if self.free_at > time.monotonic() + LONGEST:
            self.free_at = 0.0

    def wait(self, until: float) -> float:
        """Leave it alone until then, or longer where that was said before; until when."""
        self.free_at = max(self.free_at, until)
        return self.free_at
