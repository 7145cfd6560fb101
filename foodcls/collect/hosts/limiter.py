"""The rate limiter of hosts: whether one may be asked now, and when again.

Processes of one machine that are given the same folder keep them together. What a day allows holds
over runs and machines, too, where they pass `days` on by a store.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean

from filelock import FileLock, Timeout

from foodcls.collect.hosts.shared import ODD, DayLimitReached, HostState, HourlyBytes, locked_state
from foodcls.collect.hosts.table import HOSTS, OTHERS, HostPolicy

LOG = logging.getLogger(__name__)

BUSY = 0.05  # seconds after which another process may have left a place free
SOME = 5  # pictures that tell how large a host's are


@dataclass(frozen=True)
class HostLimiter:
    """How each host may be asked, and until when each of them is to be left alone.

    Of hosts that have limits, who takes a place of `places`, a folder, leaves it for other
    processes when done; a process that dies leaves its own, with the bytes that it had set aside.
    All ports of a host in the table are one. Times are the machine's, since it started
    (monotonic), so that all its processes read one clock.
    """

    hosts: Mapping[str, HostPolicy] = field(default_factory=lambda: HOSTS)
    places: Path | None = None  # None: this process keeps limits alone
    _alone: dict[str, HostState] = field(default_factory=dict, repr=False)  # where none is shared
    # of places by their numbers: what keeps them, and the bytes of a day that may come there
    _held: dict[str, dict[int, FileLock | None]] = field(default_factory=dict, repr=False)
    _reserved: dict[str, dict[int, float]] = field(default_factory=dict, repr=False)
    _days: dict[str, HourlyBytes] = field(default_factory=dict, repr=False)
    _earlier: dict[str, HourlyBytes] = field(default_factory=dict, repr=False)
    _free_at: dict[str, float] = field(default_factory=dict, repr=False)
    _delays: dict[str, float] = field(default_factory=dict, repr=False)  # robots.txt's, in seconds
    _sizes: dict[str, list[int]] = field(default_factory=dict, repr=False)  # of the first SOME
    _troubles: list[OSError] = field(default_factory=list, repr=False)  # with `places`

    def policy(self, host: str) -> HostPolicy:
        """The policy for a host, which may come with its port."""
        return self.hosts.get(self.name(host), OTHERS)

    def name(self, host: str) -> str:
        """A host as the table calls it; one that it does not know keeps its port."""
        name = host.rpartition(":")[0]
        return name if name in self.hosts and host not in self.hosts else host

    def for_registered(self, hosts: Iterable[str]) -> "HostLimiter":
        """This limiter, with the shorter pauses that these hosts allow to registered clients."""
        known = {host: self.hosts[host] for host in hosts if host in self.hosts}
        quicker = {host: replace(policy, pause=policy.keyed_pause)
                   for host, policy in known.items() if policy.keyed_pause is not None}  # fmt: skip
        return replace(self, hosts={**self.hosts, **quicker})

    def slow_down(self, host: str, delay: float) -> None:
        """Keep the crawl delay that robots.txt asks for, in seconds, from now on."""
        host = self.name(host)
        self._delays[host] = delay
        until = max(self._free_at.get(host, 0.0), time.monotonic() + delay)
        self._free_at[host] = until
        self._share(host, lambda state: state.wait(until))

    def claim(self, host: str, most: int = 0) -> float:
        """Take a place for a request that starts now; the seconds to wait where there is none.

        `most` bytes may come of it. DayLimitReached where a day's limit does not leave as many.
        """
        host = self.name(host)
        if self.policy(host) == OTHERS and not self._pause(host):
            return 0.0
        return self._share(host, lambda state: self._take_place(host, most, state))

    def _take_place(self, host: str, most: int, state: HostState) -> float:
        held, daily = self._held.setdefault(host, {}), self.policy(host).daily
        day = self._wait_for_day(host, min(most, daily), state)
        if (wait := max(day, state.free_at - time.monotonic())) > 0:
            return wait
        for number in range(self.policy(host).at_once):
            if number in held:
                continue
            try:
                held[number] = state.take(number)
            except Timeout:
                continue
            if daily:
                state.reserved[number] = float(min(most, daily))
                self._reserved.setdefault(host, {})[number] = state.reserved[number]
            state.free_at = time.monotonic() + self._pause(host)
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
            self._share(host, lambda state: self._settle(host, number, 0, state))
        if lock := held.pop(number):
            lock.release()

    def leave_all(self) -> None:
        """Give all places back."""
        for host in self._held:
            while self._held[host]:
                self.leave(host)

    def book(self, host: str) -> float:
        """Note that a request starts now; the seconds until the next one may."""
        if pause := self._pause(host := self.name(host)):
            self._free_at[host] = time.monotonic() + pause
        return pause

    def spend(self, host: str, size: int) -> float:
        """Note that so many bytes came; the seconds until the next request may start."""
        host = self.name(host)
        if (number := next(iter(self._reserved.get(host, ())), None)) is not None:
            self._share(host, lambda state: self._settle(host, number, size, state))
        rate, now = self.policy(host).rate, time.monotonic()
        if not rate or not size:
            return 0.0
        if len(sizes := self._sizes.setdefault(host, [])) < SOME:
            sizes.append(size)
        self._free_at[host] = self._share(
            host, lambda state: state.wait(max(state.free_at, now) + size / rate)
        )
        return self._free_at[host] - now

    def _settle(self, host: str, number: int, size: int, state: HostState) -> float:
        """Count what came in place of what was set aside."""
        self._reserved[host].pop(number, None)
        state.reserved.pop(number, None)
        return state.hours.add(size)

    def recall_days(self, days: Mapping[str, Mapping[str, float]]) -> None:
        """Count what `days` gave in earlier runs, or on other machines: bytes by host and hour."""
        for host, told in days.items():
            # as a torn file's, what is no number of bytes says nothing
            with suppress(*ODD):
                self._earlier[host] = HourlyBytes.read(told)

    def days(self) -> dict[str, dict[str, float]]:
        """The bytes that came from hosts with a day's limit: by host and hour."""
        # copied: another thread may be counting
        return {
            host: {str(hour): size for hour, size in hours.copy().items()}
            for host, hours in self._days.copy().items()
        }

    @property
    def daily_hosts(self) -> list[str]:
        """The hosts of the table that have a day's limit."""
        return [host for host, policy in self.hosts.items() if policy.daily]

    def _wait_for_day(self, host: str, most: float, state: HostState) -> float:
        """The seconds until it is known what is left of a day; DayLimitReached if too little."""
        if not (daily := self.policy(host).daily):
            return 0.0
        left = daily - state.hours.total() - most
        if left < 0:
            gigabytes, wait = f"{daily / 1e9:.3g} GB", state.hours.seconds_left() / 3600
            raise DayLimitReached(
                f"the {gigabytes} that it gives in a day have come; more in {wait:.1f} h"
            )
        # of what is set aside for requests under way most does not come, and some may be gone
        if left < sum(state.reserved.values()):
            state.drop_dead(self._held[host])
        return BUSY if left < sum(state.reserved.values()) else 0.0

    def pace(self, host: str) -> float:
        """The seconds that the limits of this host make each request take, as far as is known."""
        sizes, rate = self._sizes.get(self.name(host), []), self.policy(host).rate
        return max(self._pause(host), mean(sizes) / rate if len(sizes) == SOME else 0.0)

    def _pause(self, host: str) -> float:
        return max(self.policy(host).pause, self._delays.get(self.name(host), 0.0))

    def left(self, host: str) -> float:
        """The seconds until this host may be asked again, after requests of earlier downloads."""
        return max(self._free_at.get(self.name(host), 0.0) - time.monotonic(), 0.0)

    def _share(self, host: str, act: Callable[[HostState], float]) -> float:
        """Change a host's state by `act`, in the shared file where there is one; its result."""
        done = None
        if self.places and not self._troubles:
            try:
                with locked_state(self.places, host) as state:
                    done = self._act_on(host, state, act)
                return done
            # such as a full disk: this process keeps limits alone from now on
            except OSError as error:
                words = "%s: other processes on this machine hear of hosts' limits no more"
                LOG.warning(words, error)
                self._troubles.append(error)
                if done is not None:
                    state.path = None  # from now on it is of no file
                    self._alone[host] = state
        if host not in self._alone:
            self._alone[host] = HostState(None, self._days.get(host, HourlyBytes()).copy())
            self._alone[host].reserved |= self._reserved.get(host, {})
        return self._act_on(host, self._alone[host], act) if done is None else done

    def _act_on(self, host: str, state: HostState, act: Callable[[HostState], float]) -> float:
        if self.policy(host).daily and host not in self._days:
            state.hours.merge(self._earlier.get(host, HourlyBytes()))
        done = act(state)
        if self.policy(host).daily:
            self._days[host] = state.hours.copy()
        return done
