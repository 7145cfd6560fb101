"""Forecasts what more pictures are worth, writes the table, and says what to do with it."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from flows.cli.output import find_manifest, print_whole
from foodcls.evaluate.quotas import Worth, next_quotas, raise_quotas, write_worth
from foodcls.evaluate.worth import forecast_worth
from foodcls.features.row_cache import FeatureCache
from foodcls.recipe.recipe import load_recipe
from foodcls.report.sentences import explain_worth
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars


def show_worth(console: Console, recipe_file: Path, folder: Path, more: int) -> None:
    """Print a line a class and write worth.csv; InputError when there are no pictures yet."""
    recipe = load_recipe(recipe_file)
    table = find_manifest(folder, recipe_file)
    workspace = Workspace.at(folder)
    feature_cache = FeatureCache(workspace.store, workspace.pixels, bars, recipe.train.cache_bytes)
    worths = forecast_worth(
        read_manifest(table), recipe.labels, recipe.train, feature_cache, more, bars
    )
    before = next_quotas(recipe.classes, recipe.collect, workspace.worth)
    asked = raise_quotas(before, worths, recipe.collect.per_query)
    write_worth(worths, asked, workspace.worth)
    heads = ("class", "learnt from", "recall", f"by {more} more", "90 of 100 times")
    print_whole(console, [list(map(Text, heads)), *(_cells(one) for one in worths)])
    lines = [*explain_worth(worths), f"The table: {Workspace(folder).worth}"]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _cells(one: Worth) -> list[Text]:
    label = one.label or "all, each so many more"
    cells = (label, f"{one.learnt}", f"{one.recall:.3f}", f"{100 * one.gain:+.1f} points",
             f"{100 * one.low:+.1f} to {100 * one.high:+.1f}")  # fmt: skip
    return [Text(cell) for cell in cells]
