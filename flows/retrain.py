"""Trains anew and lets the better model serve."""

from pathlib import Path
from typing import Any

from prefect import flow

from flows.prepare import WORKSPACE
from flows.titles import title
from flows.train import train
from foodcls.lock import holding
from foodcls.recipe import load_recipe
from foodcls.steps import Step
from tasks.machines import open_space
from tasks.tracking import promote


@flow(name="retrain", flow_run_name=title)
def retrain(
    recipe: Path,
    overrides: dict[str, Any] | None = None,
    workspace: Path = WORKSPACE,
    search_again: bool = False,
) -> list[Step[Any]]:
    """Train, then compare the new model with the champion and promote it if it is better."""
    plan, space = load_recipe(recipe, overrides), open_space(workspace)
    with holding(space.root):
        steps = train(recipe, overrides, workspace, search_again)
        verdict = promote(space, plan.name, steps)
    return [*steps, verdict]
