"""Turns picture URLs into blobs of the store, and remembers how each URL ended.

A later run fetches only what is not final; knows nothing of classes, engines or manifests.
"""

import asyncio
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from foodcls.collect.download import Download, Shut
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import SAME_AS_FORGOTTEN, FetchResult, Outcome, Response
from foodcls.collect.robots import Robots
from foodcls.collect.ssrf_guard import Address
from foodcls.image.file_types import describe_bytes, sniff_format
from foodcls.progress import Forecast, Foreseen, count
from foodcls.store.store import Store, digest_of
from foodcls.work.code_digest import code_digest

LOG = logging.getLogger(__name__)

Item = TypeVar("Item")

KIND = "fetch"
DAYS = "days/1"


def fetch_all(
    urls: Iterable[str],
    limits: Limits,
    store: Store,
    hosts: Mapping[str, Address] | None = None,
    blocked: Collection[str] = (),
) -> Foreseen[FetchResult]:
    """Fetch each distinct URL into the store; yield them as they end, remembered ones first.

    `hosts` names servers that no DNS knows: name to (address, port). A kill loses at most the
    last few outcomes; their pictures are fetched again. What has an id that is `blocked` is not
    kept.
    """
    forecast = Forecast()
    return Foreseen(_fetch(urls, limits, store, hosts or {}, blocked, forecast), forecast)


def _fetch(
    urls: Iterable[str],
    limits: Limits,
    store: Store,
    hosts: Mapping[str, Address],
    blocked: Collection[str],
    forecast: Forecast,
) -> Generator[FetchResult, None, None]:
    wanted = list(dict.fromkeys(urls))
    known = {url: one for url, one in _recall(wanted, limits, store).items()
             if one.id not in blocked}  # fmt: skip
    missing = [url for url in wanted if url not in known]
    count("fetch", anew=len(missing), recalled=len(known))
    yield from known.values()
    if missing:
        limits.manners.recall_days(store.recall(DAYS, limits.manners.daily_hosts))
        results = download(
            missing,
            limits,
            hosts,
            lambda response: _store_picture(response, store, limits, blocked),
            Robots(limits, store),
            forecast,
        )
        yield from _remembering(results, limits, store)


def download_all(
    urls: Iterable[str],
    limits: Limits,
    hosts: Mapping[str, Address] | None = None,
    robots: Robots | None = None,
) -> Iterator[Response]:
    """Fetch each URL into memory; yield them as they end. For result pages, not for pictures.

    Without `robots` no robots.txt is asked for: of interfaces that invite programs.
    """
    yield from download(urls, limits, hosts or {}, lambda response: response, robots)


def download(
    urls: Iterable[str],
    limits: Limits,
    hosts: Mapping[str, Address],
    finish: Callable[[Response], Item],
    robots: Robots | None = None,
    forecast: Forecast | None = None,
    shut: Shut = lambda url: "",
) -> Generator[Item, None, None]:
    """What `finish` makes of each response, in another thread, before its place is free again.

    `shut` tells of a URL why it is not asked for any more, or nothing.
    """
    words = (robots, forecast, shut)
    return iterate(lambda deliver: Download(limits, hosts, finish, deliver, *words).run(urls))


def _store_picture(
    response: Response, store: Store, limits: Limits, blocked: Collection[str]
) -> FetchResult:
    """Put the bytes into the store if they are a picture."""
    fetched = FetchResult(
        url=response.url,
        outcome=response.outcome,
        detail=response.detail,
        attempts=response.attempts,
        fetched_at=utc_text(limits.clock()),
    )
    if response.outcome is not Outcome.OK:
        return fetched
    if sniff_format(response.body) is None:
        reason = describe_bytes(response.body)
        return replace(fetched, outcome=Outcome.NOT_AN_IMAGE, detail=reason)
    return keep_picture(fetched, response.body, store, blocked)


def keep_picture(
    fetched: FetchResult, data: bytes, store: Store, blocked: Collection[str]
) -> FetchResult:
    """The result with its picture put into the store, unless it has an id that is `blocked`."""
    if blocked and digest_of(data) in blocked:
        return replace(fetched, outcome=Outcome.FORGOTTEN, detail=SAME_AS_FORGOTTEN)
    return replace(fetched, id=store.put(data), bytes=len(data))


def utc_text(seconds: float) -> str:
    """A time in seconds since 1970 as UTC in ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _remembering(
    results: Generator[FetchResult, None, None], limits: Limits, store: Store
) -> Iterator[FetchResult]:
    """Yield the results on; the store remembers those that are final, and what a day has seen."""
    deferred = Counter[tuple[str, str]]()
    with closing(results), store.noting(KIND) as note, store.noting(DAYS) as note_day:
        for fetched in results:
            if fetched.outcome.is_final:
                note(fetched.url, _fact(fetched, limits))
            for host, hours in limits.manners.days().items():
                note_day(host, hours)
            if fetched.outcome is Outcome.DEFERRED:
                deferred[urlsplit(fetched.url).netloc, fetched.detail] += 1
            yield fetched
    for (host, why), several in deferred.items():
        LOG.warning("%s: %s; %d addresses are left to a later run", host, why, several)


def _fact(fetched: FetchResult, limits: Limits) -> dict[str, Any]:
    names = ("outcome", "detail", "id", "bytes", "attempts", "fetched_at")
    terms = {"max_bytes": limits.max_bytes, "code": code_digest((__name__,))}
    return {name: getattr(fetched, name) for name in names} | terms


def _recall(urls: list[str], limits: Limits, store: Store) -> dict[str, FetchResult]:
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


def iterate(
    work: Callable[[Callable[[Item], None]], Coroutine[Any, Any, None]],
) -> Generator[Item, None, None]:
    """Prefetch what `work` delivers, in a thread of its own; its exceptions are raised here.

    The event loop runs in that thread, so that callers may be synchronous or within a loop of
    their own. Closing the iterator cancels the work, and waits until it has cleaned up.
    """
    items: queue.SimpleQueue[tuple[Item] | None] = queue.SimpleQueue()
    thread = _Loop(work, items)
    thread.start()
    try:
        while (item := items.get()) is not None:
            yield item[0]
    finally:
        thread.cancel()
        thread.join()
    if thread.error is not None:
        raise thread.error


class _Loop(threading.Thread):
    """Runs the work in an event loop; puts each result into `items`, and None at the end."""

    def __init__(
        self,
        work: Callable[[Callable[[Item], None]], Coroutine[Any, Any, None]],
        items: "queue.SimpleQueue[tuple[Item] | None]",
    ) -> None:
        super().__init__(name="foodcls-collect", daemon=True)
        self._work = work
        self._items = items
        self._started = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run the event loop to its end."""
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        # whatever it is, it is raised again in the thread that iterates
        except BaseException as error:
            self.error = error
        finally:
            self._started.set()
            self._items.put(None)

    def cancel(self) -> None:
        """Stop the work, if it still goes on."""
        self._started.wait()
        if self._task is not None and not self._task.done():
            try:
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)
            except RuntimeError:
                # the loop closed between the question and the call: nothing is left to stop
                return

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        self._started.set()
        await self._work(lambda item: self._items.put((item,)))
