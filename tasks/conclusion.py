"""Gives a retraining its last state: one sentence that says what came of it."""

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas import State
from prefect.states import Completed

from foodcls.recipe import Recipe
from foodcls.steps import Step, results_of


def conclude(plan: Recipe, steps: Sequence[Step[Any]]) -> State[Any]:
    """Completed, with one sentence that lists of runs and webhooks show."""
    # under another name than Completed, automations that wait for that would take it for lost
    return Completed(message=describe_outcome(plan, steps), data=list(steps))


def describe_outcome(plan: Recipe, steps: Sequence[Step[Any]]) -> str:
    """Whether there is a new champion, or nothing new, and which recipe, pictures and model."""
    pictures, model, recorded, verdict = results_of(steps, "augment", "export", "record", "promote")
    digests = {"recipe": plan.digest, "dataset": pictures.digest, "model": model.blob}
    named = ", ".join(f"{name} {digest[:12]}" for name, digest in digests.items())
    if verdict.is_promoted:
        said = f"version {recorded.version} is the champion now, {verdict.reason}"
    elif not recorded.version:
        said = f"a new model, {verdict.reason}"
    elif verdict.is_new:
        said = f"version {recorded.version} stays a challenger, {verdict.reason}"
    else:
        said = f"nothing new, {verdict.reason}"
    return f"{plan.name}: {said} ({named})"
