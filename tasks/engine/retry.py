"""Decides whether a stage tries again the pictures that failed for a passing reason, and logs it.

Such reasons are a busy server, or a machine without memory for a decoder. They may not pass.
"""

import logging
from typing import Any

from foodcls.runs.stage_result import StageResult
from foodcls.store.store import Store
from tasks.engine.recall import RECALLING, CacheMiss

log = logging.getLogger("foodcls.stages")

# runs after the first that try again
TRIES = 3
KIND = "tried"
TRYING = "%s: trouble that may pass took %d pictures or searches; trying these again (%d of %d)"
LET_GO = "%s: %d pictures or searches failed in %d runs and are let go (collect: --search-again)"


def tries_again(step: StageResult[Any], store: Store, key: str) -> bool:
    """Whether a cached result lacks pictures that may be had now; counts the tries by cache key."""
    lost = getattr(step.result, "passing", 0)
    if not lost:
        return False
    tries = store.recall(KIND, [key]).get(key, 0) + 1 if step.cached else 0
    if tries > TRIES:
        tell_lost(step)
        return False
    if RECALLING.get():
        raise CacheMiss(step.name)
    store.remember(KIND, {key: tries})
    if step.cached:
        log.info(TRYING, step.name, lost, tries, TRIES)
    return step.cached


def tell_lost(step: StageResult[Any]) -> None:
    """Say how many pictures a stage has failed at for good, if there are some."""
    if lost := getattr(step.result, "passing", 0):
        log.info(LET_GO, step.name, lost, TRIES + 1)
