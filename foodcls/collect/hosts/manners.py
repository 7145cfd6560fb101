"""Keeps hosts' limits: whether one may be asked now, and when again.

Processes of one machine that are given the same folder keep them together. What a day allows holds
over runs and machines, too, where they pass `days` on by a store.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean

from filelock import FileLock, Timeout

from foodcls.collect.hosts.days import Hours, Spent
from foodcls.collect.hosts.shared import Others, held
from foodcls.collect.hosts.table import HOSTS, OTHERS, Manner

LOG = logging.getLogger(__name__)

BUSY = 0.05  # seconds after which another process may have left a place free
SOME = 5  # pictures that tell how large a host's are


@dataclass(frozen=True)
class Manners:
    """The manners of all hosts, and until when each of them is to be left alone.

    Of hosts that have limits, who takes a place of `places`, a folder, leaves it for other
    processes when done; a process that dies leaves its own. Times are the machine's, since it
    started (monotonic), so that all its processes read one clock.
    """

    hosts: Mapping[str, Manner] = field(default_factory=lambda: HOSTS)
    places: Path | None = None  # None: this process keeps limits alone
    _held: dict[str, list[FileLock | None]] = field(default_factory=dict, repr=False)
    _reserved: dict[str, list[float]] = field(default_factory=dict, repr=False)  # bytes to come
    _days: dict[str, Hours] = field(default_factory=dict, repr=False)
    _earlier: dict[str, Hours] = field(default_factory=dict, repr=False)  # by the table's names
    _free_at: dict[str, float] = field(default_factory=dict, repr=False)
    _delays: dict[str, float] = field(default_factory=dict, repr=False)  # robots.txt's, in seconds
    _sizes: dict[str, list[int]] = field(default_factory=dict, repr=False)  # of the first SOME
    _troubles: list[OSError] = field(default_factory=list, repr=False)  # with `places`

    def of(self, host: str) -> Manner:
        """The manner for a host, which may come with its port."""
        return self.hosts.get(self._name(host), OTHERS)

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

    def claim(self, host: str, most: int = 0) -> float:
        """Take a place for a request that starts now; the seconds to wait where there is none.

        `most` bytes may come of it. Spent where a day's limit does not leave as many.
        """
        if self.of(host) == OTHERS and not self._pause(host):
            return 0.0
        wait = self._share(host, lambda others: self._take_place(host, most, others))
        if wait is None and not (wait := self._wait_for_day(host, most, self._day(host))):
            self._held.setdefault(host, []).append(None)
            self._reserve(host, most, self._day(host))
        return wait or 0.0

    def _take_place(self, host: str, most: int, others: Others) -> float:
        day = self._wait_for_day(host, most, others.hours)
        if (wait := max(day, others.free_at - time.monotonic())) > 0:
            return wait
        for number in range(self.of(host).at_once):
            lock = FileLock(f"{others.path}.{number}", thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            self._held.setdefault(host, []).append(lock)
            self._reserve(host, most, others.hours)
            others.free_at = time.monotonic() + self._pause(host)
            return 0.0
        return BUSY

    def leave(self, host: str) -> None:
        """Give a place back, if one was taken."""
        held, reserved = self._held.get(host, []), self._reserved.get(host, [])
        if held and (lock := held.pop()):
            lock.release()
        # who was sent elsewhere, or refused, has brought nothing
        if len(reserved) > len(held):
            self._count(host, -reserved.pop())

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
        if reserved := self._reserved.get(host):
            self._count(host, size - reserved.pop())
        if not rate or not size:
            return 0.0
        if len(sizes := self._sizes.setdefault(host, [])) < SOME:
            sizes.append(size)
        until = self._share(
            host, lambda others: others.wait(max(others.free_at, now) + size / rate)
        )
        alone = max(self._free_at.get(host, 0.0), now) + size / rate
        self._free_at[host] = alone if until is None else until
        return self._free_at[host] - now

    def recall_days(self, days: Mapping[str, Mapping[str, float]]) -> None:
        """Count what `days` of earlier runs, or of other machines, told: bytes by host and hour."""
        self._earlier.update({host: Hours.read(told) for host, told in days.items()})

    def days(self) -> dict[str, dict[str, float]]:
        """The bytes that came from hosts with a day's limit, or may come: by host and hour."""
        # copied: another thread may be counting
        known = {host: hours.copy() for host, hours in self._days.copy().items()}
        return {self._name(host): dict(hours.told()) for host, hours in known.items()
                if self.of(host).daily}  # fmt: skip

    @property
    def daily_hosts(self) -> list[str]:
        """The hosts of the table that have a day's limit."""
        return [host for host, manner in self.hosts.items() if manner.daily]

    def _wait_for_day(self, host: str, most: int, hours: Hours) -> float:
        """The seconds to wait until it is known how much of a day is left; Spent if too little."""
        daily = self.of(host).daily
        beyond = hours.total() + min(most, daily) - daily
        if not daily or beyond <= 0:
            return 0.0
        # of what is set aside for requests under way most does not come
        if beyond <= sum(self._reserved.get(host, ())):
            return BUSY
        gigabytes, wait = f"{daily / 1e9:.3g} GB", hours.seconds_left() / 3600
        raise Spent(f"the {gigabytes} that it gives in a day have come; more in {wait:.1f} h")

    def _reserve(self, host: str, most: int, hours: Hours) -> None:
        """Set so many bytes of the day aside for a request, until it is known what came."""
        if daily := self.of(host).daily:
            self._reserved.setdefault(host, []).append(min(most, daily))
            hours.add(min(most, daily))

    def _count(self, host: str, size: float) -> None:
        if self._share(host, lambda others: others.hours.add(size)) is None:
            self._day(host).add(size)

    def _day(self, host: str) -> Hours:
        """What this process knows of a host's day."""
        return self._days.setdefault(host, self._told_before(host).copy())

    def _told_before(self, host: str) -> Hours:
        return self._earlier.get(self._name(host), Hours())

    def _name(self, host: str) -> str:
        """As the table calls a host that may come with its port."""
        return host if host in self.hosts else host.rpartition(":")[0]

    def pace(self, host: str) -> float:
        """The seconds that each request to this host takes by its limits, as far as is known."""
        sizes, rate = self._sizes.get(host, []), self.of(host).rate
        return max(self._pause(host), mean(sizes) / rate if len(sizes) == SOME else 0.0)

    def _pause(self, host: str) -> float:
        return max(self.of(host).pause, self._delays.get(host, 0.0))

    def left(self, host: str) -> float:
        """The seconds for which requests of earlier downloads keep this host from being asked."""
        return max(self._free_at.get(host, 0.0) - time.monotonic(), 0.0)

    def _share(self, host: str, act: Callable[[Others], float]) -> float | None:
        """Let processes of this machine know what `act` changes; None where they cannot."""
        if not self.places or self._troubles:
            return None
        try:
            with held(self.places, host) as others:
                if self.of(host).daily and host not in self._days:
                    others.hours.merge(self._told_before(host))
                done = act(others)
                if self.of(host).daily:
                    self._days[host] = others.hours.copy()
                return done
        # such as a full disk: this process keeps limits alone from now on
        except OSError as error:
            LOG.warning("%s: other processes on this machine hear of hosts' limits no more", error)
            self._troubles.append(error)
            return None
