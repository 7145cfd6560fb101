"""Remembers since when engines are being asked anew, until a run has come to its end with it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple

from foodcls.collect.engines.engines import Question
from foodcls.collect.search import FRESH
from foodcls.store.store import Store, digest_json

KIND = "ask-anew/1"


@contextmanager
def asking_anew(questions: Iterable[Question], store: Store, now: float) -> Iterator[float]:
    """Give the time, in seconds since 1970, from which on answers to `questions` count.

    That is `now`; after a run that was cut off it is when that one began to ask anew, so that
    what it was told already is not asked a second time.
    """
    key = digest_json([astuple(question) for question in questions])
    begun = store.recall(KIND, [key]).get(key)
    since = begun if begun is not None and 0 <= now - begun < FRESH else now
    store.remember(KIND, {key: since})
    yield since
    # not reached by a run that is cut off
    store.remember(KIND, {key: None})
