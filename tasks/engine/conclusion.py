"""Gives a retraining its last state: one sentence that says what came of it."""

from typing import Any

from prefect.client.schemas import State
from prefect.states import Completed

from foodcls.recipe.recipe import Recipe
from foodcls.runs.run_result import Retrained


def conclude(recipe: Recipe, result: Retrained) -> State[Any]:
    """Completed, with one sentence that lists of runs and webhooks show."""
    # under another name than Completed, automations that wait for that would take it for lost
    return Completed(message=describe_outcome(recipe, result), data=result)


def describe_outcome(recipe: Recipe, result: Retrained) -> str:
    """Whether there is a new champion, or nothing new, and which recipe, pictures and model."""
    trained, verdict = result.run.trained, result.verdict.result
    version = result.run.recorded.result.version
    digests = {
        "recipe": recipe.digest,
        "dataset": trained.pictures.digest,
        "model": trained.model.result.blob,
    }
    named = ", ".join(f"{name} {digest[:12]}" for name, digest in digests.items())
    if verdict.is_promoted:
        said = f"version {version} is the champion now, {verdict.reason}"
    elif not version:
        said = f"a new model, {verdict.reason}"
    elif verdict.is_new:
        said = f"version {version} stays a challenger, {verdict.reason}"
    else:
        said = f"nothing new, {verdict.reason}"
    return f"{recipe.name}: {said} ({named})"
