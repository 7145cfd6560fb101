"""Computes what the store does not remember yet, in threads, so that a killed run loses little."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from foodcls.progress import Track
from foodcls.store import Store
from foodcls.tally import count

Item = TypeVar("Item")
BATCH = 200  # facts between two writes


def remembered(
    store: Store,
    kind: str,
    work: Mapping[str, Item],
    compute: Callable[[Item], Any],
    track: Track,
    is_usable: Callable[[Any], bool] = lambda fact: True,
) -> dict[str, Any]:
    """The fact of each key of `work`: recalled, or computed from its item and remembered.

    `compute` runs in threads (Pillow releases the interpreter's lock) and returns JSON.
    A recalled fact that is not usable, e.g. whose blob is gone, is computed anew.
    """
    recalled = store.recall(kind, work)
    facts = {key: fact for key, fact in recalled.items() if is_usable(fact)}
    missing = [key for key in work if key not in facts]
    count(kind, anew=len(missing), recalled=len(facts))
    fresh: dict[str, Any] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(compute, (work[key] for key in missing))
        for key, fact in track(zip(missing, results, strict=True), len(missing), kind):
            fresh[key] = fact
            if len(fresh) == BATCH:
                store.remember(kind, fresh)
                facts, fresh = facts | fresh, {}
    store.remember(kind, fresh)
    return facts | fresh
