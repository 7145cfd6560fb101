"""How each host wants to be asked, as it has published: at once, how often, and by whom.

upload.wikimedia.org    2 connections and 25 Mbit/s in all (robot policy of 2025, in
                        https://www.mail-archive.com/wikitech-l@lists.wikimedia.org/msg96632.html)
commons.wikimedia.org   in series (https://www.mediawiki.org/wiki/API:Etiquette)
api.openverse.org       20 requests a minute without a key (as its users tell)
others                  as the interface's file cites them
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import mean

from foodcls.recipe.data_settings import HostLimits


@dataclass(frozen=True)
class Manner:
    """Bounds for one host; `pause` is the seconds from the start of a request to the next one's."""

    at_once: int
    pause: float = 0.0
    wants_contact: bool = False
    rate: float = 0.0  # bytes a second; 0: as fast as it gives them


HOSTS = {
    "commons.wikimedia.org": Manner(1, wants_contact=True),
    "upload.wikimedia.org": Manner(2, wants_contact=True, rate=25e6 / 8),
    "api.openverse.org": Manner(1, 3.0),
    "api.flickr.com": Manner(1, 1.0),
    "api.inaturalist.org": Manner(1, 1.0),
    "api.search.brave.com": Manner(1, 1.0),
    "api.pexels.com": Manner(1),
    "pixabay.com": Manner(1, 0.6),
    "api.unsplash.com": Manner(1),
}
OTHERS = Manner(512)
SOME = 5  # pictures that tell how large a host's are


def with_hosts(added: Iterable[HostLimits]) -> Mapping[str, Manner]:
    """The table with hosts of a recipe; of each limit of a host the stricter one."""
    return HOSTS | {one.name: _stricter(HOSTS.get(one.name, OTHERS), one) for one in added}


def _stricter(known: Manner, wanted: HostLimits) -> Manner:
    rates = [rate for rate in (known.rate, (wanted.megabits or 0.0) * 1e6 / 8) if rate]
    at_once, pause = min(known.at_once, wanted.connections), max(known.pause, wanted.pause)
    return Manner(at_once, pause, known.wants_contact, min(rates, default=0.0))


@dataclass(frozen=True)
class Manners:
    """The manners of all hosts, and until when each of them is to be left alone."""

    hosts: Mapping[str, Manner] = field(default_factory=lambda: HOSTS)
    _free_at: dict[str, float] = field(default_factory=dict, repr=False)
    _delays: dict[str, float] = field(default_factory=dict, repr=False)  # robots.txt's, in seconds
    _sizes: dict[str, list[int]] = field(default_factory=dict, repr=False)  # bytes that came

    def of(self, host: str) -> Manner:
        """The manner for a host, which may come with its port."""
        return self.hosts.get(host) or self.hosts.get(host.rpartition(":")[0]) or OTHERS

    def slow_down(self, host: str, delay: float) -> None:
        """Heed that robots.txt wants so many seconds from one request to the next, from now on."""
        self._delays[host] = delay
        self._free_at[host] = max(self._free_at.get(host, 0.0), time.monotonic() + delay)

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
        self._free_at[host] = max(self._free_at.get(host, 0.0), now) + size / rate
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
