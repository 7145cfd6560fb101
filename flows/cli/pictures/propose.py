"""Proposes boxes for pictures that have none, and says what is to be done with them."""

from pathlib import Path

from flows.cli.output import command_in, open_prepared, say
from foodcls.crop.proposals import propose_boxes, read_refused, write_proposals
from foodcls.recipe.recipe import Recipe
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars


def suggest_boxes(recipe_file: Path, recipe: Recipe, folder: Path) -> None:
    """Write proposals.csv beside the manifest; InputError when there are no pictures yet."""
    boxes = recipe.crop.boxes
    workspace, manifest = open_prepared(recipe_file, folder)
    refused = read_refused(workspace.refused)
    proposals = propose_boxes(manifest, workspace.store, bars, refused)
    target = workspace.proposals
    # where the recipe cuts to them already, those pictures have boxes: theirs are not offered anew
    is_used = boxes is not None and boxes.resolve() == target.resolve()
    write_proposals(proposals, target, adds=is_used)
    count = "1 box" if len(proposals) == 1 else f"{len(proposals)} boxes"
    without = (
        f"{len(refused)} left out, refused in {Workspace(folder).refused}.\n" if refused else ""
    )
    say(
        f"{count} proposed in {Workspace(folder).proposals}; nothing is cut to them yet.\n"
        f"{without}Accept or correct them: {command_in(folder, 'review', recipe_file)}",
    )
