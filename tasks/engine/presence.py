"""Remembers within a run which blobs the store has: all tables of a run name the same pictures."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from prefect.context import FlowRunContext

from foodcls.store.store import Store
from tasks.engine.recall import RECALLING


class RememberingStore(Store):
    """A store that is asked no more for blobs that it had; for absent ones it is asked again."""

    def __init__(self, root: Path | str) -> None:
        super().__init__(root)
        # as Arrow has them: a million texts of Python take twice the memory
        self.present = pa.array([], pa.large_string())

    def lacking(self, digests: Iterable[str]) -> set[str]:
        """The blobs that are absent; one that was found before is not asked for again."""
        asked = pa.array(digests, pa.large_string())
        # a column of pandas may lie in pieces
        asked = asked.combine_chunks() if isinstance(asked, pa.ChunkedArray) else asked
        fresh = asked.filter(pc.invert(pc.is_in(asked, self.present)))
        gone = super().lacking(one.as_py() for one in fresh)
        is_gone = pc.is_in(fresh, pa.array(gone, pa.large_string()))
        self.present = pa.concat_arrays([self.present, fresh.filter(pc.invert(is_gone))])
        return gone


def remembering(store: Store) -> Store:
    """The store with the memory of this run; outside of a run, the store as it is."""
    context = FlowRunContext.get()
    run = RECALLING.get() or (str(context.flow_run.id) if context and context.flow_run else "")
    return _of_run(store.root, run) if run else store


@lru_cache(maxsize=1)
def _of_run(root: Path | str, run: str) -> RememberingStore:
    return RememberingStore(root)
