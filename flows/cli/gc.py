"""Shows what of a workspace may go, how much that is, and removes it if asked to."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from foodcls.errors import InputError
from foodcls.store.disk import format_bytes
from foodcls.workspace.gc import KINDS, find_garbage, has_own_store, remove_garbage
from foodcls.workspace.lock import holding
from foodcls.workspace.workspace import Workspace
from tasks.engine.stage import read_results
from tasks.tracking.client import present_address
from tasks.tracking.gc import find_deleted, free_deleted

RUNS = "deleted MLflow runs"


def tidy_up(console: Console, folder: Path, days: int, *, is_sole: bool, deletes: bool) -> None:
    """Print a table of what may go; with `deletes`, hold the workspace and remove it."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not there; name a workspace with --workspace")
    workspace = Workspace.at(folder)
    with ExitStack() as stack:
        if deletes:
            stack.enter_context(holding(workspace.root))
        garbage = find_garbage(workspace, read_results(workspace), days, is_sole=is_sole)
        runs = find_deleted(workspace)
        sizes = [(item.kind, item.size) for item in garbage] + [(RUNS, run.size) for run in runs]
        console.print(_table(sizes))
        if deletes:
            remove_garbage(workspace, garbage)
            free_deleted(workspace, runs)
    _say_more(console, workspace, is_sole=is_sole)
    freed = format_bytes(sum(size for _, size in sizes))
    if deletes:
        console.print(f"{freed} freed", highlight=False)
    elif sizes:
        console.print(f"nothing was removed; `foodcls gc --delete` frees {freed}", highlight=False)
    else:
        console.print("nothing is left to remove", highlight=False)


def _table(sizes: Iterable[tuple[str, int]]) -> Table:
    table = Table("what may go", box=SIMPLE_HEAD)
    table.add_column("count", justify="right")
    table.add_column("size", justify="right")
    sizes = list(sizes)
    for kind in (*KINDS, RUNS):
        own = [size for name, size in sizes if name == kind]
        table.add_row(kind, f"{len(own):,}", format_bytes(sum(own)))
    return table


def _say_more(console: Console, workspace: Workspace, *, is_sole: bool) -> None:
    if address := present_address():
        console.print(
            f"of {address} nothing was looked at: who runs it types `mlflow gc` there",
            markup=False, highlight=False, soft_wrap=True
        )  # fmt: skip
    if not (is_sole or has_own_store(workspace)):
        console.print(
            f"the store {workspace.place} was not looked at, as other workspaces may use it; if "
            "none does, say --sole", markup=False, highlight=False, soft_wrap=True
        )  # fmt: skip
