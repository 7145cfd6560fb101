"""Forecasts what more pictures are worth, writes the table, and says what to do with it."""

from pathlib import Path

from rich.text import Text

from flows.cli.output import command_in, open_prepared, print_whole, say, say_sentences
from foodcls.evaluate.quotas import Worth, next_quotas, raise_quotas, write_worth
from foodcls.evaluate.worth import forecast_worth
from foodcls.recipe.recipe import Recipe
from foodcls.report.sentences import explain_worth, in_points
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars, open_features


def show_worth(recipe_file: Path, recipe: Recipe, folder: Path, more: int) -> None:
    """Print a line a class and write worth.csv; InputError when there are no pictures yet."""
    workspace, manifest = open_prepared(recipe_file, folder)
    features = open_features(workspace, recipe.train.cache_bytes)
    worths = forecast_worth(manifest, recipe.labels, recipe.train, features, more, bars)
    before = next_quotas(recipe.classes, recipe.collect, workspace.worth)
    asked = raise_quotas(before, worths, recipe.collect.per_query)
    write_worth(worths, asked, workspace.worth)
    heads = ("class", "learnt from", "recall", f"by {more} more", "90 of 100 times")
    print_whole([list(map(Text, heads)), *(_cells(one) for one in worths)])
    say_sentences(*explain_worth(worths))
    say(f"The table: {Workspace(folder).worth}")
    say(_next(recipe, recipe_file, folder, any(one.is_worthwhile for one in worths)))


def _next(recipe: Recipe, file: Path, folder: Path, gains: bool) -> str:
    """What to type next, by whether more pictures are worth it."""
    run = command_in(folder, "run", file)
    if not gains:
        return f"To look for wrong labels: {command_in(folder, 'suspects', file)}"
    if not recipe.collect.engines:
        return f"Add pictures of these classes, then: {run}"
    follow = "" if recipe.collect.quotas == "auto" else " --set collect.quotas=auto"
    return f"To ask for so many: {run} --search-again{follow}"


def _cells(one: Worth) -> list[Text]:
    label = one.label or "all, each so many more"
    cells = (label, f"{one.learnt}", f"{one.recall:.3f}", f"{in_points(one.gain)} points",
             f"{in_points(one.low)} to {in_points(one.high)}")  # fmt: skip
    return [Text(cell) for cell in cells]
