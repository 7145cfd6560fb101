from contextlib import suppress

from foodcls.collect.engines.engines import Question
from foodcls.collect.search import FRESH
from foodcls.collect.wish import asking_anew
from foodcls.store.store import Store

SOUP, RICE = (Question("bing", "dish", query, 5) for query in ("soup", "rice"))


def since(store: Store, now: float, *questions: Question, fails: bool = False) -> float:
    """From when on answers count in a run at `now`; one that fails is cut off."""
    with suppress(KeyboardInterrupt), asking_anew(questions, store, now) as begun:
        if fails:
            raise KeyboardInterrupt
    return begun


def test_answers_count_from_the_begin_of_a_run(store) -> None:
    assert [since(store, now, SOUP) for now in (1000.0, 1010.0)] == [1000.0, 1010.0]


def test_a_run_goes_on_where_one_was_cut_off(store) -> None:
    runs = [(1000.0, True), (1010.0, True), (1020.0, False), (1030.0, False)]
    begun = [since(store, now, SOUP, fails=fails) for now, fails in runs]
    assert begun == [1000.0, 1000.0, 1000.0, 1030.0]


def test_a_run_that_was_cut_off_long_ago_or_asked_something_else_does_not_count(store) -> None:
    since(store, 1000.0, SOUP, fails=True)
    assert since(store, 1010.0, RICE) == 1010.0
    assert since(store, 1000.0 + FRESH, SOUP) == 1000.0 + FRESH
