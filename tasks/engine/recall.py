"""Gives the result of an unchanged run from the cache alone, without Prefect and its server.

The stages look their results up in order, by the same cache keys as when they are run.
"""

import logging
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from prefect import Flow
from prefect.settings import get_current_settings

from tasks.engine.webhook import VARIABLE

log = logging.getLogger("foodcls.stages")
Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")

# names the look-up where stages only look their results up, and run nothing; else empty
RECALLING: ContextVar[str] = ContextVar("recalling", default="")


class CacheMiss(Exception):
    """A stage has to be run: its cached result is absent, damaged or incomplete."""


def recall(flow: Flow[Inputs, Result], *inputs: Inputs.args, **aside: Inputs.kwargs) -> Any:
    """The result of a flow, if the results of all its stages are cached; else None.

    None as well where a server or a webhook is set: somebody wants to see the run there.
    """
    if get_current_settings().api.url or os.environ.get(VARIABLE):
        return None
    # else stages would be logged twice where the run has to be made after all
    token, before = RECALLING.set(uuid4().hex), log.level
    log.setLevel(logging.ERROR)
    try:
        return flow.fn(*inputs, **aside)
    except CacheMiss:
        return None
    finally:
        RECALLING.reset(token)
        log.setLevel(before)


def body(flow: Flow[Inputs, Result]) -> Callable[Inputs, Result]:
    """A flow to call from another: a run of its own, or its function where results are recalled."""
    return flow.fn if RECALLING.get() else flow
