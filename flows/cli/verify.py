"""Prints what of a workspace is damaged, what it belongs to, and what to do."""

from pathlib import Path

from rich.console import Console

from foodcls.errors import InputError
from foodcls.workspace.lock import holding
from foodcls.workspace.verify import find_damage, set_aside
from foodcls.workspace.workspace import Workspace
from tasks.engine.entries import read_results
from tasks.engine.progress import bars


def show_damage(console: Console, workspace: Path, *, mends: bool) -> int:
    """Print a paragraph for each damaged file, and set it aside if asked to; how many there are."""
    if not workspace.is_dir():
        raise InputError(f"{workspace} is not there; name a workspace with --workspace")
    space = Workspace.at(workspace)
    if mends:
        with holding(space.root):
            return _show(console, space, mends=True)
    return _show(console, space, mends=False)


def _show(console: Console, space: Workspace, *, mends: bool) -> int:
    found = list(find_damage(space, read_results(space), bars))
    for damage in found:
        console.print(f"[bold red]{damage.fault}[/] ", end="")
        console.print(damage.owner, markup=False, highlight=False, soft_wrap=True)
        for line in (damage.path, damage.mend):
            console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
        if mends:
            set_aside(space, damage)
    if not found:
        console.print(f"{space.root}: all is whole", markup=False, highlight=False)
    elif mends:
        console.print(f"{len(found)} damaged; set aside: run the same command again")
    else:
        console.print(f"{len(found)} damaged; `foodcls verify --mend` sets them aside")
    return len(found)
