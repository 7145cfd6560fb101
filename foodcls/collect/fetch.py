"""Turns picture URLs into blobs of the store and typed outcomes, each remembered.

A later run fetches only what is not final; knows nothing of classes, engines or manifests.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from foodcls.collect.background import iterate
from foodcls.collect.candidates import FetchResult
from foodcls.collect.download import Answer, Download
from foodcls.collect.file_types import describe_bytes, sniff_format
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import Outcome
from foodcls.collect.ssrf_guard import Address
from foodcls.store.store import Store
from foodcls.tally import count

KIND = "fetch/1"


def fetch_all(
    urls: Iterable[str],
    limits: Limits,
    store: Store,
    hosts: Mapping[str, Address] | None = None,
) -> Iterator[FetchResult]:
    """Fetch each distinct URL into the store; yield them as they end, known ones first.

    `hosts` names servers that no DNS knows: name to (address, port). A kill loses at most the
    last few outcomes; their pictures are fetched again.
    """
    wanted = list(dict.fromkeys(urls))
    known = _recall(wanted, limits, store)
    missing = [url for url in wanted if url not in known]
    count("fetch", anew=len(missing), recalled=len(known))
    yield from known.values()
    if missing:
        yield from _remembering(_fetch(missing, limits, store, hosts or {}), limits, store)


def download_all(
    urls: Iterable[str], limits: Limits, hosts: Mapping[str, Address] | None = None
) -> Iterator[Answer]:
    """Fetch each URL into memory; yield them as they end. For pages, not for pictures."""
    yield from _download(urls, limits, hosts or {}, lambda answer: answer)


def _fetch(
    urls: Iterable[str], limits: Limits, store: Store, hosts: Mapping[str, Address]
) -> Generator[FetchResult, None, None]:
    return _download(urls, limits, hosts, lambda answer: _kept(answer, store, limits))


def _download(
    urls: Iterable[str],
    limits: Limits,
    hosts: Mapping[str, Address],
    finish: Callable[[Answer], Any],
) -> Generator[Any, None, None]:
    return iterate(lambda deliver: Download(limits, hosts, finish, deliver).run(urls))


def _kept(answer: Answer, store: Store, limits: Limits) -> FetchResult:
    """Put a picture's bytes into the store; anything else ends here."""
    fetched = FetchResult(
        url=answer.url,
        outcome=answer.outcome,
        detail=answer.detail,
        attempts=answer.attempts,
        fetched_at=utc_text(limits.clock()),
    )
    if answer.outcome is not Outcome.OK:
        return fetched
    if sniff_format(answer.body) is None:
        reason = describe_bytes(answer.body)
        return replace(fetched, outcome=Outcome.NOT_AN_IMAGE, detail=reason)
    return replace(fetched, id=store.put(answer.body), bytes=len(answer.body))


def utc_text(seconds: float) -> str:
    """A time in seconds since 1970 as UTC in ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _remembering(
    results: Generator[FetchResult, None, None], limits: Limits, store: Store
) -> Iterator[FetchResult]:
    """Pass results on, keeping the final ones in the store's memory."""
    with closing(results), store.noting(KIND) as note:
        for fetched in results:
            if fetched.outcome.is_final:
                note(fetched.url, _fact(fetched, limits))
            yield fetched


def _fact(fetched: FetchResult, limits: Limits) -> dict[str, Any]:
    names = ("outcome", "detail", "id", "bytes", "attempts", "fetched_at")
    return {name: getattr(fetched, name) for name in names} | {"max_bytes": limits.max_bytes}


def _recall(urls: list[str], limits: Limits, store: Store) -> dict[str, FetchResult]:
    """What earlier runs found out and still holds."""
    facts = store.recall(KIND, urls)
    gone = store.lacking(fact["id"] for fact in facts.values() if fact["id"])
    return {
        url: _recalled(url, facts[url])
        for url in urls
        if url in facts and _still_holds(facts[url], limits) and facts[url]["id"] not in gone
    }


def _recalled(url: str, fact: Mapping[str, Any]) -> FetchResult:
    known = {name: value for name, value in fact.items() if name != "max_bytes"}
    outcome = Outcome(known.pop("outcome"))
    return FetchResult(url=url, outcome=outcome, recalled=True, **known)


def _still_holds(fact: Mapping[str, Any], limits: Limits) -> bool:
    if fact["outcome"] == Outcome.OK:
        return bool(fact["bytes"] <= limits.max_bytes)
    if fact["outcome"] == Outcome.TOO_LARGE:
        return bool(fact["max_bytes"] >= limits.max_bytes)
    return True
