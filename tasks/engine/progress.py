"""Shows long work as a bar on a terminal, or in Prefect's UI where a flow runs without one."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import cast
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import FlowRunContext
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from foodcls.progress import Item, silent
from tasks.engine.ui import artifact_key

log = logging.getLogger(__name__)

# seconds: shorter work is over before anyone looks, and each look costs a request
PAUSE = 5.0


def bars(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Iterate `items` behind a bar on standard error that vanishes when it is full."""
    if total == 0:
        return silent(items, total, label)
    if sys.stderr.isatty():
        return _with_bar(items, total, label)
    return _with_meter(items, Meter(total, label))


class Meter:
    """How far work of the present flow run has come, as an artifact; outside a run, nothing."""

    def __init__(self, total: int, label: str) -> None:
        self.total, self.label = total, label
        self._artifact: UUID | None = None
        self._shown_at = time.monotonic()

    def show(self, done: int) -> None:
        """Tell how many are done; the first is told after a pause, and then one in each pause."""
        is_over = done == self.total and self._artifact is not None
        if is_over or time.monotonic() - self._shown_at >= PAUSE:
            self._shown_at = time.monotonic()
            if FlowRunContext.get():
                self._tell(100 * done / self.total)

    def _tell(self, percent: float) -> None:
        try:
            if self._artifact is None:
                key = artifact_key(f"progress-{self.label}")
                words = f"{self.label}, of {self.total}"
                self._artifact = cast(UUID, create_progress_artifact(percent, key, words))
            else:
                update_progress_artifact(self._artifact, progress=percent)
        except httpx.HTTPError as error:
            # the work is worth more than the sight of it
            log.debug("progress is not shown: %s", error)


def _with_meter(items: Iterable[Item], meter: Meter) -> Iterator[Item]:
    for done, item in enumerate(items, start=1):
        meter.show(done)
        yield item


def _with_bar(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    columns = (
        TextColumn("  {task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, total=total, description=label)
