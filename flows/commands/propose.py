"""Writes proposed boxes for the pictures of a workspace, and says what is to be done with them."""

from pathlib import Path

from rich.console import Console

from flows.commands.places import find_manifest
from foodcls.curate.proposals import propose_boxes, write_proposals
from foodcls.manifest import read_table
from foodcls.recipe import load_recipe
from foodcls.workspace import Workspace
from tasks.progress import bars


def suggest_boxes(console: Console, recipe: Path, workspace: Path) -> None:
    """Write proposals.csv beside the manifest; InputError when there are no pictures yet."""
    load_recipe(recipe)
    table = find_manifest(workspace, recipe)
    space = Workspace.at(workspace)
    proposals = propose_boxes(read_table(table), space.store, bars)
    write_proposals(proposals, space.root / "proposals.csv")
    count = "1 box" if len(proposals) == 1 else f"{len(proposals)} boxes"
    console.print(
        f"{count} proposed in {workspace / 'proposals.csv'}; nothing is cut to them yet.\n"
        f"Accept or correct them: foodcls review {recipe} --workspace {workspace}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
