"""Writes what programs guess of pictures, boxes and doubts, and says what is to be done with it."""

from pathlib import Path

from flows.cli.options import read_recipe
from flows.cli.output import command_in, open_prepared, say
from foodcls.crop.proposals import propose_boxes, read_refused, write_proposals
from foodcls.tables.spreadsheet import write_csv
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars, open_features


def suggest_boxes(recipe_file: Path, folder: Path) -> None:
    """Write proposals.csv beside the manifest; InputError when there are no pictures yet."""
    boxes = read_recipe(recipe_file).crop.boxes
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


def list_suspects(recipe_file: Path, folder: Path) -> None:
    """Write suspects.csv beside the manifest; InputError when there are no pictures yet."""
    # torch is slow to import, and boxes are proposed without it
    from foodcls.evaluate.describe import describe_likeness
    from foodcls.evaluate.label_issues import judge_labels, rank_label_issues
    from foodcls.evaluate.likeness import save_likeness

    recipe = read_recipe(recipe_file)
    workspace, manifest = open_prepared(recipe_file, folder)
    features = open_features(workspace, recipe.train.cache_bytes)
    judged = judge_labels(manifest, recipe.labels, recipe.train, features)
    ranked = rank_label_issues(judged)
    write_csv(ranked, workspace.suspects)
    likeness = describe_likeness(judged, manifest, recipe.train, features)
    save_likeness(likeness, workspace.likeness)
    lines = [
        f"{(ranked['keep'] == 0).sum()} of {len(ranked)} pictures are doubtful, the worst first "
        f"in {Workspace(folder).suspects}; nothing is dropped yet.",
        f"Look at them: {command_in(folder, 'review', recipe_file)}",
    ]
    if recipe.train.weights == "none":
        lines.append(
            "train.weights is none: a network that knows nothing judged; think little of it."
        )
    say("\n".join(lines))
