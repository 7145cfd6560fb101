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
    processes when done; a process that dies leaves its own, with the bytes that it had set aside.
    All ports of a host in the table are one. Times are the machine's, since it started
    (monotonic), so that all its processes read one clock.
    """

    hosts: Mapping[str, Manner] = field(default_factory=lambda: HOSTS)
    places: Path | None = None  # None: this process keeps limits alone
    _alone: dict[str, Others] = field(default_factory=dict, repr=False)  # where none is shared
    # of places by their numbers: what keeps them, and the bytes of a day that may come there
    _held: dict[str, dict[int, FileLock | None]] = field(default_factory=dict, repr=False)
    _reserved: dict[str, dict[int, float]] = field(default_factory=dict, repr=False)
    _days: dict[str, Hours] = field(default_factory=dict, repr=False)
    _earlier: dict[str, Hours] = field(default_factory=dict, repr=False)  # by the table's names
    _free_at: dict[str, float] = field(default_factory=dict, repr=False)
    _delays: dict[str, float] = field(default_factory=dict, repr=False)  # robots.txt's, in seconds
    _sizes: dict[str, list[int]] = field(default_factory=dict, repr=False)  # of the first SOME
    _troubles: list[OSError] = field(default_factory=list, repr=False)  # with `places`

    def of(self, host: str) -> Manner:
        """The manner for a host, which may come with its port."""
        return self.hosts.get(self.name(host), OTHERS)

    def name(self, host: str) -> str:
        """A host as the table calls it; one that it does not know keeps its port."""
        name = host.rpartition(":")[0]
        return name if name in self.hosts and host not in self.hosts else host

    def for_registered(self, hosts: Iterable[str]) -> "Manners":
        """The same, with the pauses of these hosts for who is registered there."""
        known = {host: self.hosts[host] for host in hosts if host in self.hosts}
        quicker = {host: replace(manner, pause=manner.keyed_pause)
                   for host, manner in known.items() if manner.keyed_pause is not None}  # fmt: skip
        return replace(self, hosts={**self.hosts, **quicker})

    def slow_down(self, host: str, delay: float) -> None:
        """Heed that robots.txt wants so many seconds from one request to the next, from now on."""
        host = self.name(host)
        self._delays[host] = delay
        until = max(self._free_at.get(host, 0.0), time.monotonic() + delay)
        self._free_at[host] = until
        self._share(host, lambda others: others.wait(until))

    def claim(self, host: str, most: int = 0) -> float:
        """Take a place for a request that starts now; the seconds to wait where there is none.

        `most` bytes may come of it. Spent where a day's limit does not leave as many.
        """
        host = self.name(host)
        if self.of(host) == OTHERS and not self._pause(host):
            return 0.0
        return self._share(host, lambda others: self._take_place(host, most, others))

    def _take_place(self, host: str, most: int, others: Others) -> float:
        held, daily = self._held.setdefault(host, {}), self.of(host).daily
        day = self._wait_for_day(host, min(most, daily), others)
        if (wait := max(day, others.free_at - time.monotonic())) > 0:
            return wait
        for number in range(self.of(host).at_once):
            if number in held:
                continue
            try:
                held[number] = others.take(number)
            except Timeout:
                continue
            if daily:
                others.reserved[number] = float(min(most, daily))
                self._reserved.setdefault(host, {})[number] = others.reserved[number]
            others.free_at = time.monotonic() + self._pause(host)
            return 0.0
        return BUSY

    def leave(self, host: str) -> None:
        """Give a place back, if one was taken."""
        host = self.name(host)
        held, reserved = self._held.get(host, {}), self._reserved.get(host, {})
        if not held:
            return
        number = next((one for one in held if one not in reserved), None)
        # who was sent elsewhere, or refused, has brought nothing
        if number is None:
            number = next(iter(held))
            self._share(host, lambda others: self._settle(host, number, 0, others))
        if lock := held.pop(number):
            lock.release()

    def leave_all(self) -> None:
        """Give all places back."""
        for host in self._held:
            while self._held[host]:
                self.leave(host)

    def book(self, host: str) -> float:
        """The seconds until the next request to this host, of which one starts now."""
        if pause := self._pause(host := self.name(host)):
            self._free_at[host] = time.monotonic() + pause
        return pause

    def spend(self, host: str, size: int) -> float:
        """The seconds until the next request to this host, of which so many bytes came."""
        host = self.name(host)
        if (number := next(iter(self._reserved.get(host, ())), None)) is not None:
            self._share(host, lambda others: self._settle(host, number, size, others))
        rate, now = self.of(host).rate, time.monotonic()
        if not rate or not size:
            return 0.0
        if len(sizes := self._sizes.setdefault(host, [])) < SOME:
            sizes.append(size)
        self._free_at[host] = self._share(
            host, lambda others: others.wait(max(others.free_at, now) + size / rate)
        )
        return self._free_at[host] - now

    def _settle(self, host: str, number: int, size: int, others: Others) -> float:
        """Count what came in place of what was set aside."""
        self._reserved[host].pop(number, None)
        others.reserved.pop(number, None)
        return others.hours.add(size)

    def recall_days(self, days: Mapping[str, Mapping[str, float]]) -> None:
        """Count what `days` of earlier runs, or of other machines, told: bytes by host and hour."""
        self._earlier.update({host: Hours.read(told) for host, told in days.items()})

    def days(self) -> dict[str, dict[str, float]]:
        """The bytes that came from hosts with a day's limit: by host and hour."""
        # copied: another thread may be counting
        known = {host: hours.copy() for host, hours in self._days.copy().items()}
        return {host: dict(hours.told()) for host, hours in known.items()}

    @property
    def daily_hosts(self) -> list[str]:
        """The hosts of the table that have a day's limit."""
        return [host for host, manner in self.hosts.items() if manner.daily]

    def _wait_for_day(self, host: str, most: float, others: Others) -> float:
        """The seconds to wait until it is known how much of a day is left; Spent if too little."""
        if not (daily := self.of(host).daily):
            return 0.0
        left = daily - others.hours.total() - most
        if left < 0:
            gigabytes, wait = f"{daily / 1e9:.3g} GB", others.hours.seconds_left() / 3600
            raise Spent(f"the {gigabytes} that it gives in a day have come; more in {wait:.1f} h")
        # of what is set aside for requests under way most does not come, and some may be gone
        if left < sum(others.reserved.values()):
            others.drop_dead(self._held[host])
        return BUSY if left < sum(others.reserved.values()) else 0.0

    def _told_before(self, host: str) -> Hours:
        return self._earlier.get(host, Hours())

    def pace(self, host: str) -> float:
        """The seconds that each request to this host takes by its limits, as far as is known."""
        sizes, rate = self._sizes.get(self.name(host), []), self.of(host).rate
        return max(self._pause(host), mean(sizes) / rate if len(sizes) == SOME else 0.0)

    def _pause(self, host: str) -> float:
        return max(self.of(host).pause, self._delays.get(self.name(host), 0.0))

    def left(self, host: str) -> float:
        """The seconds for which requests of earlier downloads keep this host from being asked."""
        return max(self._free_at.get(self.name(host), 0.0) - time.monotonic(), 0.0)

    def _share(self, host: str, act: Callable[[Others], float]) -> float:
        """What `act` tells, of which the other processes of this machine hear where they can."""
        done = None
        if self.places and not self._troubles:
            try:
                with held(self.places, host) as others:
                    done = self._act_on(host, others, act)
                return done
            # such as a full disk: this process keeps limits alone from now on
            except OSError as error:
                words = "%s: other processes on this machine hear of hosts' limits no more"
                LOG.warning(words, error)
                self._troubles.append(error)
                if done is not None:
                    self._alone[host] = others
        if host not in self._alone:
            self._alone[host] = Others(None, self._days.get(host, Hours()).copy())
            self._alone[host].reserved |= self._reserved.get(host, {})
        return self._act_on(host, self._alone[host], act) if done is None else done

    def _act_on(self, host: str, others: Others, act: Callable[[Others], float]) -> float:
        if self.of(host).daily and host not in self._days:
            others.hours.merge(self._told_before(host))
        done = act(others)
        if self.of(host).daily:
            self._days[host] = others.hours.copy()
        return done
