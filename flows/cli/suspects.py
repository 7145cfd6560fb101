"""Writes which pictures of a workspace to doubt, and says how to look at them."""

from pathlib import Path

from rich.console import Console

from flows.cli.output import find_manifest
from foodcls.evaluate.label_issues import rank_label_issues
from foodcls.features.row_cache import FeatureCache
from foodcls.recipe.recipe import load_recipe
from foodcls.tables.manifest_csv import read_manifest
from foodcls.tables.spreadsheet import write_csv
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars


def list_suspects(console: Console, recipe_file: Path, folder: Path) -> None:
    """Write suspects.csv beside the manifest; InputError when there are no pictures yet."""
    recipe = load_recipe(recipe_file)
    table = find_manifest(folder, recipe_file)
    workspace = Workspace.at(folder)
    feature_cache = FeatureCache(workspace.store, workspace.pixels, bars, recipe.train.cache_bytes)
    ranked = rank_label_issues(read_manifest(table), recipe.labels, recipe.train, feature_cache)
    write_csv(ranked, workspace.suspects)
    lines = [
        f"{(ranked['keep'] == 0).sum()} of {len(ranked)} pictures are doubtful, the worst first "
        f"in {Workspace(folder).suspects}; nothing is dropped yet.",
        f"Look at them: foodcls review {recipe_file} --workspace {folder}",
    ]
    if recipe.train.weights == "none":
        lines.append(
            "train.weights is none: a network that knows nothing judged; think little of it."
        )
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
