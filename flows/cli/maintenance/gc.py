"""Shows what of a workspace nothing needs any more, and removes it if asked to."""

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from flows.cli.output import command_in, find_workspace, out, say
from foodcls.redact import redact
from foodcls.store.disk import format_bytes
from foodcls.workspace.gc import (
    KINDS,
    CachedResult,
    Garbage,
    find_garbage,
    find_users,
    remove_garbage,
)
from foodcls.workspace.lock import holding
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars
from tasks.engine.stage import read_results
from tasks.tracking.client import present_address
from tasks.tracking.gc import find_deleted, find_registered, free_deleted

RUNS = "deleted MLflow runs"
SHOWN = 20  # of each kind of what may go


def tidy_up(
    folder: Path,
    days: int,
    *,
    is_sole: bool,
    deletes: bool,
    names_all: bool = False,
) -> None:
    """Print a table of what may go, and the first of each kind, or all.

    With `deletes`, hold the workspace and remove it.
    """
    workspace = find_workspace(folder)
    with ExitStack() as stack:
        users, away = find_users(workspace)
        for user in users if deletes else ():
            stack.enter_context(holding(user.root))
        garbage = find_garbage(workspace, _read_names, days, time.time(), bars, is_sole=is_sole)
        runs = find_deleted(workspace)
        sizes = [(item.kind, item.size) for item in garbage] + [(RUNS, run.size) for run in runs]
        out.print(_table(sizes))
        if deletes:
            remove_garbage(workspace, garbage, bars)
            free_deleted(workspace, runs)
    typed = ("gc", "--keep-days", days, *(["--sole"] if is_sole else []))
    if not deletes:
        _name(garbage, len(garbage) if names_all else SHOWN, command_in(folder, *typed, "--all"))
    _say_more(workspace, [] if is_sole else away)
    freed = format_bytes(sum(size for _, size in sizes))
    if deletes:
        out.print(f"{freed} freed", highlight=False)
    elif sizes:
        say(f"nothing was removed; `{command_in(folder, *typed, '--delete')}` frees {freed}")
    else:
        out.print("nothing is left to remove", highlight=False)


def _name(garbage: Sequence[Garbage], most: int, names_all: str) -> None:
    for kind in KINDS:
        own = [item for item in garbage if item.kind == kind]
        for item in own[:most]:
            say(redact(f"{kind}: {item.place}"))
        if len(own) > most:
            say(f"{kind}: {len(own) - most:,} more, which `{names_all}` names")


def _read_names(workspace: Workspace) -> list[CachedResult]:
    """What the results of a workspace name, and its registered models."""
    registered = CachedResult(workspace.database, find_registered(workspace), {}, frozenset())
    return [*read_results(workspace), registered]


def _table(sizes: Iterable[tuple[str, int]]) -> Table:
    table = Table("what may go", box=SIMPLE_HEAD)
    table.add_column("count", justify="right")
    table.add_column("size", justify="right")
    table.add_column("why")
    sizes = list(sizes)
    for kind in (*KINDS, RUNS):
        own = [size for name, size in sizes if name == kind]
        why = KINDS.get(kind, "deleted in MLflow by a person")
        table.add_row(kind, f"{len(own):,}", format_bytes(sum(own)), why)
    return table


def _say_more(workspace: Workspace, away: list[str]) -> None:
    if address := present_address():
        say(f"of {address} nothing was looked at: who runs it types `mlflow gc` there")
    if away:
        say(
            f"the store {workspace.place} was not looked at, as it is used by {', '.join(away)}, "
            "which cannot be looked into from here; if that is no more, say --sole",
        )
