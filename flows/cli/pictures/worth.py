"""Forecasts what more pictures are worth, writes the table, and says what to do with it."""

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from flows.cli.options import read_recipe
from flows.cli.output import command_in, open_prepared, print_whole, say
from foodcls.evaluate.quotas import Worth, next_quotas, raise_quotas, write_worth
from foodcls.evaluate.worth import forecast_worth
from foodcls.recipe.recipe import Recipe
from foodcls.report.sentences import explain_worth
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars, open_features


def show_worth(recipe_file: Path, folder: Path, more: int) -> None:
    """Print a line a class and write worth.csv; InputError when there are no pictures yet."""
    recipe = read_recipe(recipe_file)
    workspace, manifest = open_prepared(recipe_file, folder)
    features = open_features(workspace, recipe.train.cache_bytes)
    worths = forecast_worth(manifest, recipe.labels, recipe.train, features, more, bars)
    before = next_quotas(recipe.classes, recipe.collect, workspace.worth)
    asked = raise_quotas(before, worths, recipe.collect.per_query)
    write_worth(worths, asked, workspace.worth)
    heads = ("class", "learnt from", "recall", f"by {more} more", "90 of 100 times")
    print_whole([list(map(Text, heads)), *(_cells(one) for one in worths)])
    lines = [*explain_worth(worths), f"The table: {Workspace(folder).worth}"]
    lines += _next(recipe, recipe_file, folder, any(one.is_worthwhile for one in worths))
    say("\n".join(lines))


def _next(recipe: Recipe, file: Path, folder: Path, gains: bool) -> Iterator[str]:
    """What to type next, by whether more pictures are worth it."""
    run = command_in(folder, "run", file)
    if not gains:
        yield f"To look for wrong labels: {command_in(folder, 'suspects', file)}"
    elif not recipe.collect.engines:
        yield f"Add pictures of these classes, then: {run}"
    elif recipe.collect.quotas == "auto":
        yield f"To ask for so many: {run} --search-again"
    else:
        yield f"To ask for so many: {run} --search-again --set collect.quotas=auto"


def _cells(one: Worth) -> list[Text]:
    label = one.label or "all, each so many more"
    cells = (label, f"{one.learnt}", f"{one.recall:.3f}", f"{100 * one.gain:+.1f} points",
             f"{100 * one.low:+.1f} to {100 * one.high:+.1f}")  # fmt: skip
    return [Text(cell) for cell in cells]
