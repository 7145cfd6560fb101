"""Turns picture URLs into blobs of the store, and remembers how each URL ended.

A later run fetches only what is not final; knows nothing of classes, engines or manifests.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from foodcls.collect.download import Download, Shut
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import FINAL, SAME_AS_FORGOTTEN, FetchResult, Outcome, Response
from foodcls.collect.request import host_of
from foodcls.collect.robots import Robots
from foodcls.image.file_types import describe_bytes, sniff_format
from foodcls.progress import Forecast, count
from foodcls.redact import redact
from foodcls.store.store import Store, digest_of
from foodcls.work.code_digest import code_digest
from foodcls.work.event_loop import iterate

LOG = logging.getLogger(__name__)

Item = TypeVar("Item")

FetchNew = Callable[[list[str], Forecast], Generator[FetchResult, None, None]]

KIND = "fetch"
DAYS = "days/1"
DAYS_PACE = 30.0  # seconds between two accounts of what days have given


def fetch_all(
    urls: Iterable[str],
    limits: Limits,
    store: Store,
    anew: FetchNew | None = None,
    forecast: Forecast | None = None,
) -> Generator[FetchResult, None, None]:
    """Fetch each distinct URL into the store; yield them as they end, remembered ones first.

    A kill loses at most the last few outcomes; their pictures are fetched again. `anew` fetches,
    and remembers, what is not known; else this process does.
    """
    anew = anew or partial(_fetch_here, limits, store)
    wanted = list(dict.fromkeys(urls))
    known = {url: one for url, one in recall_results(wanted, limits, store).items()
             if one.id not in limits.blocklist.ids}  # fmt: skip
    missing = [url for url in wanted if url not in known]
    count("fetch", anew=len(missing), recalled=len(known))
    yield from known.values()
    deferred, whys = Counter[str](), dict[str, str]()
    with closing(anew(missing, forecast or Forecast())) as results:
        for fetched in results:
            if host := fetched.deferred_by:
                deferred[host] += 1
                whys[host] = fetched.detail
            yield fetched
    for host, several in deferred.items():
        LOG.warning("%s: %s; %d addresses are left to a later run", host, whys[host], several)


def _fetch_here(
    limits: Limits, store: Store, urls: list[str], forecast: Forecast
) -> Generator[FetchResult, None, None]:
    if urls:
        finish = partial(store_picture, store=store, limits=limits)
        results = download(urls, limits, finish, Robots(limits, store), forecast)
        yield from remembering(results, limits, store)


def download_all(urls: Iterable[str], limits: Limits) -> Iterator[Response]:
    """Fetch each URL into memory; yield them as they end. For interfaces that invite programs.

    They are not asked for a robots.txt.
    """
    return download(urls, limits, lambda response: response)


def download(
    urls: Iterable[str],
    limits: Limits,
    finish: Callable[[Response], Item],
    robots: Robots | None = None,
    forecast: Forecast | None = None,
    shut: Shut = lambda url: "",
) -> Generator[Item, None, None]:
    """Fetch each URL; yield what `finish` makes of its response, in another thread.

    `shut` tells of a URL why it is not asked for any more, or nothing.
    """
    words = (robots, forecast, shut)
    return iterate(lambda deliver: Download(limits, finish, deliver, *words).run(urls))


def store_picture(response: Response, store: Store, limits: Limits) -> FetchResult:
    """Put the bytes into the store if they are a picture."""
    fetched = FetchResult(
        url=response.url,
        outcome=response.outcome,
        detail=response.detail,
        attempts=response.attempts,
        fetched_at=utc_text(limits.clock()),
        at="" if response.at == response.url else redact(response.at),
    )
    if response.outcome is Outcome.DEFERRED:
        return replace(fetched, deferred_by=host_of(response.at))
    if response.outcome is not Outcome.OK:
        return fetched
    if sniff_format(response.body) is None:
        reason = describe_bytes(response.body)
        return replace(fetched, outcome=Outcome.NOT_AN_IMAGE, detail=reason)
    return keep_picture(fetched, response.body, store, limits)


def keep_picture(fetched: FetchResult, data: bytes, store: Store, limits: Limits) -> FetchResult:
    """The result with its picture put into the store, unless that is on the blocklist."""
    blocked = limits.blocklist.ids
    if blocked and digest_of(data) in blocked:
        return replace(fetched, outcome=Outcome.FORGOTTEN, detail=SAME_AS_FORGOTTEN)
    return replace(fetched, id=store.put(data), bytes=len(data))


def utc_text(seconds: float) -> str:
    """A time in seconds since 1970 as UTC in ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def remembering(
    results: Generator[FetchResult, None, None], limits: Limits, store: Store
) -> Generator[FetchResult, None, None]:
    """Yield the results; the store remembers the final ones, and each host's bytes of the day."""
    limits.limiter.recall_days(store.recall(DAYS, limits.limiter.daily_hosts))
    due = time.monotonic() + DAYS_PACE
    try:
        with closing(results), store.noting(KIND) as note:
            for fetched in results:
                if fetched.outcome in FINAL:
                    note(fetched.url, _fact(fetched, limits))
                # a machine that is lost gives no account at the end
                if time.monotonic() >= due:
                    store.remember(DAYS, limits.limiter.days())
                    due = time.monotonic() + DAYS_PACE
                yield fetched
    finally:
        store.remember(DAYS, limits.limiter.days())


def _fact(fetched: FetchResult, limits: Limits) -> dict[str, Any]:
    names = ("outcome", "detail", "id", "bytes", "attempts", "fetched_at", "at")
    terms = {"max_bytes": limits.max_bytes, "code": code_digest((__name__,))}
    return {name: getattr(fetched, name) for name in names} | terms


def recall_results(urls: list[str], limits: Limits, store: Store) -> dict[str, FetchResult]:
    """The results of earlier runs that still hold."""
    facts = store.recall(KIND, urls)
    gone = store.lacking(fact["id"] for fact in facts.values() if fact["id"])
    return {
        url: _recalled(url, facts[url])
        for url in urls
        if url in facts and _still_holds(facts[url], limits) and facts[url]["id"] not in gone
    }


def _recalled(url: str, fact: Mapping[str, Any]) -> FetchResult:
    known = {name: value for name, value in fact.items() if name not in ("max_bytes", "code")}
    outcome = Outcome(known.pop("outcome"))
    return FetchResult(url=url, outcome=outcome, recalled=True, **known)


def _still_holds(fact: Mapping[str, Any], limits: Limits) -> bool:
    if fact["outcome"] == Outcome.OK:
        return bool(fact["bytes"] <= limits.max_bytes)
    # a refusal may have been our own fault, and what was no picture may be read today
    if fact["code"] != code_digest((__name__,)):
        return False
    if fact["outcome"] == Outcome.TOO_LARGE:
        return bool(fact["max_bytes"] >= limits.max_bytes)
    return True
