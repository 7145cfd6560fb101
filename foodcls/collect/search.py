"""Searches: turns questions to engines into candidates, with statistics of each query."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from typing import Any

from yarl import URL

from foodcls.collect import query_stats
from foodcls.collect.engines.answers import ReadPage, candidate, read_answer
from foodcls.collect.engines.base import Access, Hit, Question
from foodcls.collect.engines.official import Api
from foodcls.collect.engines.registry import ENGINES, is_forbidden, lacking, page_urls
from foodcls.collect.fetch import download
from foodcls.collect.limits import Limits
from foodcls.collect.logins import log_in
from foodcls.collect.outcomes import Candidate, Response
from foodcls.collect.query_stats import ENOUGH, NO_MORE, NO_RESULTS, TOO_DEEP, QueryStats
from foodcls.collect.rate_limits import RateLimits
from foodcls.collect.robots import Robots
from foodcls.progress import Forecast, count
from foodcls.store.store import Store, digest_json

KIND = "search/1"
REFRESH = "ask-anew/1"
# seconds for which an answered question is not asked again: long enough for a killed run to
# resume on the same results, short enough for a daily run to see new ones
FRESH = 12 * 3600
PAGE_BYTES = 5_000_000
# engines block clients that ask for many pages at once
PAGES_AT_ONCE = 4
SHUT = "not asked, as it answered another query so: {}"


@dataclass(frozen=True)
class SearchResult:
    """The pictures that an engine found for a question, and what its pages gave."""

    question: Question
    candidates: tuple[Candidate, ...]
    stats: QueryStats


def search_all(
    questions: Iterable[Question],
    access: Access,
    limits: Limits,
    store: Store,
    forecast: Forecast | None = None,
) -> Generator[SearchResult, None, None]:
    """Answer all questions at once; yield each as it is done, remembered ones first."""
    forecast = forecast or Forecast()
    searches = [_Search(question, access) for question in dict.fromkeys(questions)]
    known = store.recall(KIND, (search.key for search in searches))
    for search in searches:
        # nor is what it answered to who is permitted for others
        if not is_forbidden(search.question.engine, access):
            search.recall(known.get(search.key), access, limits.clock())
    done = [search for search in searches if not search.is_open]
    count("search", anew=len(searches) - len(done), recalled=len(done))
    yield from (search.result() for search in done)
    # X-Robots-Tag speaks of indexing, and a result page is only read
    bounds = replace(limits, max_bytes=PAGE_BYTES, heed_robots=False,
                     per_host=min(limits.per_host, PAGES_AT_ONCE))  # fmt: skip
    asked, begun = [search for search in searches if search.is_open], time.monotonic()
    access, refused = log_in((one.question.engine for one in asked), access, bounds)
    headers = {search.origin: search.engine.headers(access) for search in searches}
    registered = {URL(one.origin).host or "" for one in searches
                  if one.question.engine in access.tokens}  # fmt: skip
    bounds = replace(bounds, headers=headers, limiter=bounds.limiter.for_registered(registered))
    rates = RateLimits(access, store, limits.clock)
    invited = {search.origin for search in searches if isinstance(search.engine, Api)}
    robots = Robots(bounds, store, exempt=invited)
    shut = dict[str, str]()  # by engine, why it is asked no more
    while searches := [search for search in searches if search.is_open]:
        for search in searches:
            name = search.question.engine
            why = refused.get(name) or lacking(name, access) or shut.get(name)
            search.stop(why or rates.take(name))
        # before they are made: who is killed has made them too
        rates.save()
        for search in _read_pages(searches, bounds, rates, robots, shut):
            forecast.tell((time.monotonic() - begun) * _share_left(asked))
            if not search.is_open:
                # what was not asked has no answer, and leaves the one that is remembered
                if search.read or not search.stopped:
                    store.remember(KIND, {search.key: search.fact(limits.clock())})
                yield search.result()
    query_stats.tell_troubles(one.stats() for one in (*done, *asked) if not one.stopped)
    query_stats.tell_stopped([(one.question.engine, one.stopped) for one in asked
                              if not lacking(one.question.engine, access)])  # fmt: skip


@contextmanager
def refresh_since(questions: Iterable[Question], store: Store, now: float) -> Iterator[float]:
    """Give the time, in seconds since 1970, from which on answers to `questions` are not stale.

    That is `now`; after a run that was interrupted it is when that run began, so that what it
    was answered already is not asked a second time.
    """
    key = digest_json([astuple(question) for question in questions])
    begun = store.recall(REFRESH, [key]).get(key)
    since = begun if begun is not None and 0 <= now - begun < FRESH else now
    store.remember(REFRESH, {key: since})
    yield since
    # not reached by a run that is interrupted
    store.remember(REFRESH, {key: None})


def _read_pages(
    searches: list["_Search"],
    limits: Limits,
    rates: RateLimits,
    robots: Robots,
    shut: dict[str, str],
) -> Iterator["_Search"]:
    """Read the next page of each search that is open; yield each as it is answered or stopped.

    An engine that refuses whoever asks is `shut` from then on.
    """
    waiting = defaultdict[str, list[_Search]](list)
    for search in searches:
        if search.is_open:
            waiting[search.pages.popleft()].append(search)
        else:
            yield search
    engines = {url: ones[0].question.engine for url, ones in waiting.items()}

    def read(response: Response) -> tuple[Response, ReadPage]:
        answer = read_answer(engines[response.url], response)
        if answer.shuts:
            shut.setdefault(engines[response.url], SHUT.format(answer.reason))
        return response, answer

    answers = download(waiting, limits, read, robots, shut=lambda url: shut.get(engines[url], ""))
    for response, answer in answers:
        for search in waiting[response.url]:
            rates.add(search.question.engine, response.attempts - 1)
            if response.attempts:
                search.take(answer)
            else:
                search.stop(answer.reason)
            yield search


def _share_left(searches: Sequence["_Search"]) -> float:
    """How much the slowest engine has still to do, in shares of what it has done; inf of none."""
    shares = [0.0]
    for name in {search.question.engine for search in searches}:
        own = [one for one in searches if one.question.engine == name]
        begun = [one for one in own if one.read]
        read, left = sum(one.read for one in begun), sum(one.pages_left for one in begun)
        fresh = sum(one.is_open and not one.read for one in own)  # as long as the others
        shares += [math.inf] * (fresh and not read)
        shares += [(left + fresh * (read + left) / len(begun)) / read] if read else []
    return max(shares)


class _Search:
    """A question, while the engine's result pages are read one after the other."""

    def __init__(self, question: Question, access: Access) -> None:
        self.question = question
        self.pages = deque(page_urls(question, access))
        self.is_open = bool(self.pages)
        self._is_foreseen = len(self.pages) > 1  # else each page tells the next, or that it is last
        base = dict(access.bases).get(question.engine, "")
        self.key = digest_json([astuple(replace(question, label="")), base])
        self.engine = ENGINES[question.engine]
        self.origin = str(URL(self.pages[0]).origin()) if self.pages else ""
        self._before: dict[str, Hit] = {}  # found by a search that trouble has stopped
        self._hits: dict[str, Hit] = {}
        self.read = 0  # pages
        self._reason = NO_RESULTS
        self.stopped = ""  # why it was not asked, or not to its end

    def take(self, answer: ReadPage) -> None:
        """Add a page's pictures; end the search when they suffice or none of them is new."""
        self.read += 1
        hits, following, reason, _ = answer
        self.pages += [following] if following else []
        fresh = [hit for hit in hits if hit["file_url"] not in self._hits]
        self._hits |= {hit["file_url"]: hit for hit in fresh}
        enough = len(self._hits) >= self.question.limit
        if enough:
            self._reason = ENOUGH
        elif reason:
            self._reason = f"{reason} (page {self.read})"
        elif fresh and not self.pages and self._is_foreseen:
            self._reason = TOO_DEEP
        else:
            self._reason = NO_MORE if self._hits else NO_RESULTS
        is_door = self.engine.has_door and self.read == 1
        self.is_open = bool((fresh or is_door) and self.pages) and not enough and not reason

    @property
    def pages_left(self) -> float:
        """About how many pages are left to be read: as full as those that were, to the limit."""
        found, limit = len(self._hits), self.question.limit
        return math.ceil((limit - found) / found * self.read) if self.is_open and found else 0

    def stop(self, reason: str) -> None:
        """End the search for a reason, if there is one."""
        if reason:
            self._reason, self.is_open, self.stopped = reason, False, reason

    def recall(self, fact: Mapping[str, Any] | None, access: Access, now: float) -> None:
        """Reuse what an earlier run was answered, unless that was before `since` or is stale."""
        if fact is None:
            return
        kept = 0 <= now - fact["asked_at"] < self.engine.terms.keep
        if fact["asked_at"] < access.since and not kept:
            return
        stats, hits = self._stats(fact), {hit["file_url"]: hit for hit in fact["hits"]}
        is_fresh = stats.is_complete and (kept or 0 <= now - fact["asked_at"] < FRESH)
        if not stats.is_passing if access.retrying else is_fresh:
            self._hits, self.read, self._reason = hits, stats.pages, stats.reason
            self.is_open = False
        elif access.retrying:
            self._before = hits

    def fact(self, now: float) -> dict[str, Any]:
        """What the store remembers of the search."""
        hits = list((self._before | self._hits).values())
        return {"asked_at": now, "hits": hits, "pages": self.read, "reason": self._reason}

    def result(self) -> SearchResult:
        """What was found, as candidates in the engine's order."""
        question, fact = self.question, self.fact(now=0)
        hits, stats = fact["hits"][: question.limit], self._stats(fact)
        candidates = (candidate(question, rank, hit) for rank, hit in enumerate(hits, start=1))
        return SearchResult(question, tuple(candidates), stats)

    def stats(self) -> QueryStats:
        """What the engine gave, without a candidate made of each hit."""
        return self._stats(self.fact(now=0))

    def _stats(self, fact: Mapping[str, Any]) -> QueryStats:
        asked, found = self.question, min(len(fact["hits"]), self.question.limit)
        names = (asked.engine, asked.label, asked.query)
        return QueryStats(*names, pages=fact["pages"], found=found, reason=fact["reason"])
