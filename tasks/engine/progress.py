"""Shows long work as a bar on a terminal, as lines in a log, and in Prefect's UI.

A terminal has bars. A log file, CI or a worker's log has a line a minute, a flow run an artifact.
"""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, cast
from uuid import UUID

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from foodcls.progress import Forecast, Item, silent
from foodcls.workspace.workspace import Workspace

if TYPE_CHECKING:
    from foodcls.features.row_cache import FeatureCache

log = logging.getLogger("foodcls.stages")

# seconds: shorter work is over before anyone looks, and each look costs a request
PAUSE = 5.0
# seconds between two lines in a log
SILENCE = 60.0
# the meter of the work that is under way, once there is one
METERS: ContextVar["list[Meter] | None"] = ContextVar("meters", default=None)


def bars(
    items: Iterable[Item], total: int, label: str, forecast: Forecast | None = None
) -> Iterator[Item]:
    """Iterate `items` behind a bar on standard error that vanishes when it is full."""
    if total == 0:
        return silent(items, total, label)
    forecast = forecast or Forecast()
    if sys.stderr.isatty():
        return _with_bar(items, total, label, forecast)
    return _with_meter(items, Meter(total, label, forecast))


def open_features(workspace: Workspace, limit: float) -> "FeatureCache":
    """The features that a workspace keeps in so many bytes, with bars for those to be made."""
    from foodcls.features.row_cache import FeatureCache

    return FeatureCache(workspace.store, workspace.pixels, bars, limit)


@contextmanager
def heartbeat(name: str) -> Iterator[None]:
    """Log once a minute how far the block is, where no terminal shows bars."""
    before, ended = METERS.get(), Event()
    if before is not None or sys.stderr.isatty():
        yield
        return
    METERS.set([])
    # in the same context: Prefect sends lines to the flow run that they belong to
    words = (_tell_time, name, METERS.get(), ended)
    Thread(target=copy_context().run, args=words, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        METERS.set(before)


class Meter:
    """The progress of some work, for an artifact of the flow run and the lines of `heartbeat`."""

    def __init__(self, total: int, label: str, forecast: Forecast | None = None) -> None:
        self.total, self.label, self.done = total, label, 0
        self._forecast = forecast or Forecast()
        self._artifact: UUID | None = None
        self._started = self._shown_at = time.monotonic()

    def show(self, done: int) -> None:
        """Set how many are done; the artifact is updated once every PAUSE seconds at most."""
        self.done = done
        if (meters := METERS.get()) is not None:
            meters[:] = [self]
        is_over = done == self.total and self._artifact is not None
        if is_over or time.monotonic() - self._shown_at >= PAUSE:
            self._shown_at = time.monotonic()
            if _is_in_flow():
                self._tell(100 * done / self.total)

    def describe(self) -> str:
        """What is done of how much, and about how long the rest takes."""
        left = self._forecast.left
        if left is None:
            left = (time.monotonic() - self._started) * (self.total / self.done - 1)
        return f", {self.label} {self.done} of {self.total}, about {spell_time(left)} left"

    def _tell(self, percent: float) -> None:
        import httpx
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        from tasks.engine.ui import artifact_key

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


def _is_in_flow() -> bool:
    # who has not imported Prefect runs no flow: `foodcls predict` need not wait for it
    if "prefect" not in sys.modules:
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None


def spell_time(seconds: float) -> str:
    """A length of time as a person says it: 40 s, 12 min, 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _tell_time(name: str, meters: "list[Meter]", ended: Event) -> None:
    started = time.monotonic()
    while not ended.wait(SILENCE):
        so_far = spell_time(time.monotonic() - started)
        log.info("%-9s %s so far%s", name, so_far, "".join(map(Meter.describe, meters)))


def _with_meter(items: Iterable[Item], meter: Meter) -> Iterator[Item]:
    with heartbeat(meter.label):
        for done, item in enumerate(items, start=1):
            meter.show(done)
            yield item


class TimeLeft(TimeRemainingColumn):
    """The time that is left by the task's forecast, where there is one, or by what is done."""

    def render(self, task: Task) -> Text:
        """As 0:01:23."""
        forecast: Forecast = task.fields["forecast"]
        left = forecast.left
        if left is None or task.finished:
            return super().render(task)
        return Text(str(timedelta(seconds=round(left))), "progress.remaining")


def _with_bar(items: Iterable[Item], total: int, label: str, forecast: Forecast) -> Iterator[Item]:
    columns = (
        TextColumn("  {task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeLeft(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total, forecast=forecast)
        yield from progress.track(items, task_id=task)
