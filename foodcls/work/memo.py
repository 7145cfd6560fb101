"""A memoized map over pictures: computes what the store does not remember yet, batch by batch.

A batch is the unit of work and of memory: what a killed run, or a lost machine, had finished is
not done again, and what it was at is at most a batch for each worker.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from foodcls.progress import Track, count
from foodcls.store.store import Store
from foodcls.work.parallel import Spread, in_threads, prefetch

Item = TypeVar("Item")
Result = TypeVar("Result")

# items of a batch: half a second of work, so that what it costs to hand it out and to remember it
# is small. Where there are few items, batches are smaller: each worker is to get some.
MOST, LEAST, SHARES = 64, 4, 64


def no_blobs(fact: Any) -> Iterable[str]:
    """The blobs behind a fact that needs none."""
    return ()


def always(fact: Any) -> bool:
    """Whether a fact may be remembered: always."""
    return True


@dataclass(frozen=True)
class MemoizedMap(Generic[Item]):
    """A function over pictures whose values the store keeps; all of it bears pickling.

    `answer` takes items by key and gives a fact, which is JSON, for each key. `blobs` names those
    that a fact is worthless without. A fact that is not final is given, but not remembered.
    """

    kind: str
    answer: Callable[[Mapping[str, Item]], Mapping[str, Any]]
    blobs: Callable[[Any], Iterable[str]] = no_blobs
    is_final: Callable[[Any], bool] = always


def map_memoized(
    store: Store,
    memoized: MemoizedMap[Item],
    work: Mapping[str, Item],
    track: Track,
    spread: Spread = in_threads,
) -> dict[str, Any]:
    """The fact of each key of `work`, in its order: recalled, or found out and remembered.

    Keys that begin alike come into one batch. A recalled fact whose blobs are gone is found out
    anew.
    """
    facts = _whole(store, memoized, store.recall(memoized.kind, work))
    missing = sorted(key for key in work if key not in facts)
    count(memoized.kind, anew=len(missing), recalled=len(facts))
    size = max(LEAST, min(MOST, math.ceil(len(missing) / SHARES)))
    starts = range(0, len(missing), size)
    batches = [{key: work[key] for key in missing[start : start + size]} for start in starts]
    found = spread(partial(_find_out, store, memoized), batches)
    fresh = (fact for batch in found for fact in batch.items())
    facts.update(track(fresh, len(missing), memoized.kind))
    return {key: facts[key] for key in work}


def map_batch(
    store: Store, answer: Callable[[Item], Result], batch: Mapping[str, Item]
) -> dict[str, Result]:
    """What `answer` says of each item; several at a time where the store is far away."""
    answers = prefetch(batch.values(), answer, store.lanes, store.lanes)
    return dict(zip(batch, answers, strict=True))


def _find_out(
    store: Store, memoized: MemoizedMap[Item], batch: Mapping[str, Item]
) -> dict[str, Any]:
    """Answer a batch and remember it, unless a machine that was lost since has done so."""
    facts = _whole(store, memoized, store.recall_batch(memoized.kind, batch))
    missing = {key: item for key, item in batch.items() if key not in facts}
    if missing:
        fresh = memoized.answer(missing)
        final = {key: fact for key, fact in fresh.items() if memoized.is_final(fact)}
        store.remember(memoized.kind, final)
        facts |= fresh
    return facts


def _whole(store: Store, memoized: MemoizedMap[Item], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts whose blobs are all in the store."""
    needed = {key: set(memoized.blobs(fact)) for key, fact in facts.items()}
    gone = store.lacking(set().union(*needed.values()))
    return {key: fact for key, fact in facts.items() if not needed[key] & gone}
