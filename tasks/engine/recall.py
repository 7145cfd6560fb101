"""Tells an unchanged run from its results alone: no Prefect server has to start for that.

The stages are asked in their order, by the same keys as ever; Prefect does not take part.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from prefect import Flow
from prefect.settings import get_current_settings

from tasks.engine.webhook import VARIABLE

log = logging.getLogger("foodcls.stages")
Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")

# whether stages are to give what is remembered, and nothing else
RECALLING: ContextVar[bool] = ContextVar("recalling", default=False)


class Forgotten(Exception):
    """A stage has to be run: its result is not remembered, damaged, or lacks what may be had."""


def recall(flow: Flow[Inputs, Result], *inputs: Inputs.args, **aside: Inputs.kwargs) -> Any:
    """What a flow would give, if all its stages are remembered; else None.

    Where a server or a webhook is set, somebody wants to see the run: then it is None as well.
    """
    if get_current_settings().api.url or os.environ.get(VARIABLE):
        return None
    with _recalling():
        try:
            return flow.fn(*inputs, **aside)
        except Forgotten:
            return None


def body(flow: Flow[Inputs, Result]) -> Callable[Inputs, Result]:
    """A flow as another one calls it: a run of its own, unless all is only recalled."""
    return flow.fn if RECALLING.get() else flow


@contextmanager
def _recalling() -> Iterator[None]:
    # told twice, where the run has to be made after all
    token, before = RECALLING.set(True), log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        RECALLING.reset(token)
        log.setLevel(before)
