"""How each host wants to be asked, as it has published: at once, how often, and by whom.

upload.wikimedia.org    2 connections and 25 Mbit/s in all (robot policy of 2025, in
                        https://www.mail-archive.com/wikitech-l@lists.wikimedia.org/msg96632.html)
commons.wikimedia.org   in series (https://www.mediawiki.org/wiki/API:Etiquette)
iNaturalist's photos    5 GB an hour, 24 GB a day
                        (https://www.inaturalist.org/pages/api+recommended+practices)
api.openverse.org       20 requests a minute without a key, 100 with one (as its users tell)
others                  as the interface's file cites them
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from foodcls.recipe.data_settings import HostLimits


@dataclass(frozen=True)
class HostPolicy:
    """Bounds for one host; `pause` is the seconds from the start of a request to the next one's."""

    at_once: int
    pause: float = 0.0
    wants_contact: bool = False
    rate: float = 0.0  # bytes a second; 0: as fast as it gives them
    daily: float = 0.0  # bytes in any 24 hours; 0: as many as it gives
    keyed_pause: float | None = None  # the pause for who is registered, where that is shorter


HOSTS = {
    "commons.wikimedia.org": HostPolicy(1, wants_contact=True),
    "upload.wikimedia.org": HostPolicy(2, wants_contact=True, rate=25e6 / 8),
    "api.openverse.org": HostPolicy(1, 3.0, keyed_pause=0.6),
    "api.flickr.com": HostPolicy(1, 1.0),
    "api.inaturalist.org": HostPolicy(1, 1.0),
    # one half each of what it allows in all: its photos under open licences, and the others
    "inaturalist-open-data.s3.amazonaws.com": HostPolicy(512, rate=5e9 / 3600 / 2, daily=24e9 / 2),
    "static.inaturalist.org": HostPolicy(512, rate=5e9 / 3600 / 2, daily=24e9 / 2),
    "api.search.brave.com": HostPolicy(1, 1.0),
    "api.pexels.com": HostPolicy(1),
    "pixabay.com": HostPolicy(1, 0.6),
    "api.unsplash.com": HostPolicy(1),
    "duckduckgo.com": HostPolicy(1, 1.0),
}
OTHERS = HostPolicy(512)


def with_hosts(added: Iterable[HostLimits]) -> Mapping[str, HostPolicy]:
    """The table with hosts of a recipe; of each limit of a host the stricter one."""
    return HOSTS | {one.name: _stricter(HOSTS.get(one.name, OTHERS), one) for one in added}


def _stricter(known: HostPolicy, wanted: HostLimits) -> HostPolicy:
    rates = [rate for rate in (known.rate, (wanted.megabits or 0.0) * 1e6 / 8) if rate]
    days = [bound for bound in (known.daily, (wanted.gigabytes or 0.0) * 1e9) if bound]
    at_once, pause = min(known.at_once, wanted.connections), max(known.pause, wanted.pause)
    keyed = None if known.keyed_pause is None else max(known.keyed_pause, wanted.pause)
    rate, daily = min(rates, default=0.0), min(days, default=0.0)
    return HostPolicy(at_once, pause, known.wants_contact, rate, daily, keyed)
