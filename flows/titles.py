"""What a flow run is called in a list of runs."""

from pathlib import Path

from prefect.runtime import flow_run

from foodcls.recipe.recipe import Recipe, RecipeSource

LENGTH = 60  # characters; a longer name hides the columns beside it


def title() -> str:
    """The recipe file's name and what was overridden, e.g. `foods13 train.epochs=4`."""
    given = flow_run.parameters
    recipe, changes = given["recipe"], given.get("overrides") or {}
    source = (
        recipe.source if isinstance(recipe, Recipe) else RecipeSource(Path(recipe), b"", changes)
    )
    words = [f"{key}={value}" for key, value in sorted(source.overrides.items())]
    text = " ".join([source.path.stem, *words])
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"
