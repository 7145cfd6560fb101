"""What is finished stays finished, in the order it was asked for."""

import pytest

from foodcls.curate.memo import remembered
from foodcls.progress import silent
from foodcls.tally import Work, counting


def test_only_the_missing_is_computed(store):
    asked = []

    def square(item):
        asked.append(item)
        return item * item

    assert remembered(store, "sq", {"a": 2, "b": 3}, square, silent) == {"a": 4, "b": 9}
    with counting() as tally:
        assert remembered(store, "sq", {"c": 4, "b": 3}, square, silent) == {"b": 9, "c": 16}
    assert tally == {"sq": Work("sq", anew=1, recalled=1)}
    assert sorted(asked) == [2, 3, 4]


def test_a_stopped_run_keeps_its_batches(store, monkeypatch):
    monkeypatch.setattr("foodcls.curate.memo.BATCH", 5)

    def stop_at_twelve(items, total, label):
        for number, item in enumerate(items):
            if number == 12:
                raise KeyboardInterrupt
            yield item

    work = {str(number): number for number in range(20)}
    with pytest.raises(KeyboardInterrupt):
        remembered(store, "n", work, lambda item: item, stop_at_twelve)
    assert sorted(store.recall("n", work).values()) == list(range(10))


def test_unusable_facts_are_made_anew(store):
    store.remember("n", {"a": "stale", "b": "fresh"})
    found = remembered(
        store, "n", {"a": 1, "b": 1}, lambda item: "new", silent, lambda fact: fact != "stale"
    )
    assert found == {"a": "new", "b": "fresh"} == store.recall("n", ["a", "b"])
