"""Shows what of a workspace is damaged, and sets it aside if asked to."""

from pathlib import Path

from flows.cli.output import command_in, find_workspace, out, say
from foodcls.workspace.lock import holding
from foodcls.workspace.verify import find_damage, set_aside
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars
from tasks.engine.stage import read_results


def show_damage(folder: Path, *, mends: bool, anew: bool) -> int:
    """Print a paragraph for each damaged file, and set it aside if asked to; how many there are.

    A check that was stopped is taken up, unless it is to begin `anew`.
    """
    workspace = find_workspace(folder)
    if mends:
        with holding(workspace.root):
            return _list_damage(workspace, mends=True, anew=anew)
    return _list_damage(workspace, mends=False, anew=anew)


def _list_damage(workspace: Workspace, *, mends: bool, anew: bool) -> int:
    results = read_results(workspace)
    found = list(find_damage(workspace, results, bars, goes_on=not anew))
    for damage in found:
        out.print(f"[bold red]{damage.fault}[/] ", end="")
        say(damage.owner)
        for line in (damage.path, damage.mend):
            say(f"    {line}")
        if mends:
            set_aside(workspace, damage)
    if not found:
        say(f"{workspace.root}: all is whole")
    elif mends:
        out.print(f"{len(found)} damaged; set aside: run the same command again")
    else:
        mend = command_in(workspace.root, "verify", "--mend")
        say(f"{len(found)} damaged; `{mend}` sets them aside")
    return len(found)
