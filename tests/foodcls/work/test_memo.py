"""What is finished stays finished; what is asked for comes in its order."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from foodcls.progress import Work, counting, silent
from foodcls.store.store import Store, digest_of
from foodcls.work.memo import MemoizedMap, map_batch, map_memoized


def squares(asked: list[int], batch: Mapping[str, int]) -> dict[str, int]:
    asked += batch.values()
    return {key: item * item for key, item in batch.items()}


def one_by_one(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
    return map(function, items)


def test_only_the_missing_is_found_out(store: Store) -> None:
    asked: list[int] = []
    memoized = MemoizedMap("sq", partial(squares, asked))
    assert map_memoized(store, memoized, {"a": 2, "b": 3}, silent) == {"a": 4, "b": 9}
    with counting() as tally:
        found = map_memoized(store, memoized, {"c": 4, "b": 3}, silent)
    assert tally == {"sq": Work("sq", anew=1, recalled=1)}
    assert list(found.items()) == [("c", 16), ("b", 9)] and asked == [2, 3, 4]


def test_a_stopped_run_keeps_its_batches(store: Store) -> None:
    def stop_at_twelve(items: Any, total: int, label: str) -> Iterator[Any]:
        assert (total, label) == (400, "sq")
        for number, item in enumerate(items):
            if number == 12:
                raise KeyboardInterrupt
            yield item

    asked: list[int] = []
    memoized = MemoizedMap("sq", partial(squares, asked))
    work = {f"{number:03}": number for number in range(400)}
    with pytest.raises(KeyboardInterrupt):
        map_memoized(store, memoized, work, stop_at_twelve, one_by_one)
    # the batch that was in hand was finished
    assert len(store.recall("sq", work)) == len(asked) == 14
    map_memoized(store, memoized, work, silent)
    assert sorted(asked) == list(range(400))


def test_what_a_lost_machine_had_finished_is_not_done_again(store: Store) -> None:
    def twice(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        for item in items:
            function(item)
            yield function(item)

    asked: list[int] = []
    work = {str(number): number for number in range(20)}
    found = map_memoized(store, MemoizedMap("sq", partial(squares, asked)), work, silent, twice)
    assert found["7"] == 49 and sorted(asked) == list(range(20))


def test_a_fact_whose_blobs_are_gone_is_found_out_anew(store: Store) -> None:
    def write(batch: Mapping[str, bytes]) -> dict[str, str]:
        return {key: store.put(data) for key, data in batch.items()}

    memoized = MemoizedMap("written", write, lambda digest: [digest])
    work = {"a": b"soup", "b": b"bread"}
    map_memoized(store, memoized, work, silent)
    store.path(digest_of(b"soup")).unlink()
    map_memoized(store, memoized, work, silent)
    assert store.is_whole(digest_of(b"soup"))


def test_a_passing_fault_is_given_and_not_remembered(store: Store) -> None:
    answers = iter(["busy", "done"])
    memoized = MemoizedMap(
        "n", lambda batch: {"a": next(answers)}, is_final=lambda fact: fact != "busy"
    )
    assert map_memoized(store, memoized, {"a": 1}, silent) == {"a": "busy"}
    assert map_memoized(store, memoized, {"a": 1}, silent) == {"a": "done"}
    assert map_memoized(store, memoized, {"a": 1}, silent) == {"a": "done"}


@pytest.mark.parametrize(("count", "batches"), [(0, 0), (3, 1), (40, 10), (640, 64), (6400, 100)])
def test_each_pair_of_hands_gets_a_share(store: Store, count: int, batches: int) -> None:
    seen: list[int] = []

    def look(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        seen.append(len(items))
        return map(function, items)

    work = {str(number): number for number in range(count)}
    map_memoized(store, MemoizedMap("sq", partial(squares, [])), work, silent, look)
    assert seen == [batches]


def test_a_store_far_away_is_read_ahead_within_bounds(store: Store, monkeypatch: Any) -> None:
    under_way, most = [0], [0]
    lock, several = threading.Lock(), threading.Barrier(3)

    def read(number: int) -> int:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        several.wait(10)
        with lock:
            under_way[0] -= 1
        return number

    monkeypatch.setattr(type(store), "lanes", 3)
    batch = {str(number): number for number in range(30)}
    assert map_batch(store, read, batch) == batch
    assert most == [3]
