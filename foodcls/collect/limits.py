"""Bounds of fetching: time, bytes, attempts, connections, throttling; what hosts are told."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from foodcls.blocklist import Blocklist
from foodcls.collect.hosts.limiter import HostLimiter
from foodcls.collect.hosts.table import with_hosts
from foodcls.collect.ssrf_guard import Address
from foodcls.recipe.data_settings import Collect


@dataclass(frozen=True)
class Limits:
    """Bounds of fetching; times in seconds."""

    timeout: float  # on the network for one URL: all attempts and redirects, no pauses
    max_bytes: int  # of a body, unpacked
    retries: int
    connections: int
    per_host: int
    allow_private: bool
    heed_robots: bool = True  # whether an X-Robots-Tag keeps the body from being read
    max_wait: float = 30.0  # of a Retry-After; a host that asks for more is left to a later run
    # in all, for which a host may throttle all its URLs; then only those that it refuses wait
    max_throttle: float = 300.0
    first_backoff: float = 0.5  # before the second attempt; doubles with each
    seed: int = 0  # of the jitter of backoffs
    clock: Callable[[], float] = time.time  # seconds since 1970
    limiter: HostLimiter = field(default_factory=HostLimiter)  # what single hosts ask for
    contact: str = ""  # told to every host
    blocklist: Blocklist = Blocklist()  # what is not kept, nor asked for where a redirect leads
    # names that no DNS knows, and where their server listens
    hosts: Mapping[str, Address] = field(default_factory=dict)
    # by scheme://host, what is said there and nowhere else; by address, what is posted there
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    forms: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)


def fetch_limits(settings: Collect, contact: str = "", places: Path | None = None) -> Limits:
    """The bounds that a recipe sets; `places` is where processes keep hosts' limits together."""
    return Limits(
        timeout=settings.timeout,
        max_bytes=settings.max_bytes,
        retries=settings.retries,
        connections=settings.connections,
        per_host=settings.per_host,
        allow_private=settings.allow_private_hosts,
        contact=contact,
        limiter=HostLimiter(with_hosts(settings.hosts), places),
    )
