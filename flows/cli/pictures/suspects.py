"""Ranks pictures by how doubtful their labels are, and says what is to be done with the list."""

from pathlib import Path

from flows.cli.output import command_in, open_prepared, say, say_sentences
from foodcls.evaluate.describe import describe_likeness
from foodcls.evaluate.label_issues import judge_labels, rank_label_issues
from foodcls.evaluate.likeness import save_likeness
from foodcls.recipe.recipe import Recipe
from foodcls.tables.spreadsheet import write_csv
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import open_features


def list_suspects(recipe_file: Path, recipe: Recipe, folder: Path) -> None:
    """Write suspects.csv beside the manifest; InputError when there are no pictures yet."""
    workspace, manifest = open_prepared(recipe_file, folder)
    features = open_features(workspace, recipe.train.cache_bytes)
    judged = judge_labels(manifest, recipe.labels, recipe.train, features)
    ranked = rank_label_issues(judged)
    write_csv(ranked, workspace.suspects)
    likeness = describe_likeness(judged, manifest, recipe.train, features)
    save_likeness(likeness, workspace.likeness)
    say_sentences(
        f"{(ranked['keep'] == 0).sum()} of {len(ranked)} pictures are doubtful, the worst first "
        f"in {Workspace(folder).suspects}; nothing is dropped yet."
    )
    say(f"Look at them: {command_in(folder, 'review', recipe_file)}")
    if recipe.train.weights == "none":
        say("train.weights is none: a network that knows nothing judged; think little of it.")
