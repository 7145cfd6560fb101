"""Prints what of a workspace is damaged, what it belongs to, and what to do."""

from pathlib import Path

from rich.console import Console

from foodcls.errors import InputError
from foodcls.workspace.lock import holding
from foodcls.workspace.verify import find_damage, set_aside
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars
from tasks.engine.stage import read_results


def show_damage(console: Console, folder: Path, *, mends: bool) -> int:
    """Print a paragraph for each damaged file, and set it aside if asked to; how many there are."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not there; name a workspace with --workspace")
    workspace = Workspace.at(folder)
    if mends:
        with holding(workspace.root):
            return _show(console, workspace, mends=True)
    return _show(console, workspace, mends=False)


def _show(console: Console, workspace: Workspace, *, mends: bool) -> int:
    found = list(find_damage(workspace, read_results(workspace), bars))
    for damage in found:
        console.print(f"[bold red]{damage.fault}[/] ", end="")
        console.print(damage.owner, markup=False, highlight=False, soft_wrap=True)
        for line in (damage.path, damage.mend):
            console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
        if mends:
            set_aside(workspace, damage)
    if not found:
        console.print(f"{workspace.root}: all is whole", markup=False, highlight=False)
    elif mends:
        console.print(f"{len(found)} damaged; set aside: run the same command again")
    else:
        console.print(f"{len(found)} damaged; `foodcls verify --mend` sets them aside")
    return len(found)
