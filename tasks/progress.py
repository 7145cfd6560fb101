"""Shows long work as a bar on a terminal, and stays silent anywhere else."""

import sys
from collections.abc import Iterable, Iterator

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


def bars(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Iterate `items` behind a bar on standard error that vanishes when it is full."""
    if not sys.stderr.isatty() or total == 0:
        return silent(items, total, label)
    return _with_bar(items, total, label)


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
