"""Trains anew and lets the better model serve."""

from pathlib import Path
from typing import Any

from prefect import State, flow, tags
from prefect.runtime import flow_run

from flows.prepare import WORKSPACE
from flows.titles import title
from flows.train import train
from foodcls.lock import holding
from foodcls.recipe import load_recipe
from foodcls.steps import Step
from tasks.artifacts import show_verdict
from tasks.conclusion import conclude
from tasks.machines import open_space
from tasks.registry import promote
from tasks.webhook import HOOKS


@flow(name="retrain", flow_run_name=title, **HOOKS)
def retrain(
    recipe: Path,
    overrides: dict[str, Any] | None = None,
    workspace: Path = WORKSPACE,
    search_again: bool = False,
) -> State[list[Step[Any]]]:
    """Train, then compare the new model with the champion and promote it if it is better.

    On what has not changed nothing is done, logged or registered again.
    """
    plan, space = load_recipe(recipe, overrides), open_space(workspace)
    # what looks after runs by their tags looks after those that they call
    with holding(space.root), tags(*flow_run.tags):
        steps = train(recipe, overrides, workspace, search_again)
        verdict = promote(space, plan, steps)
    show_verdict(plan.name, verdict.result)
    return conclude(plan, [*steps, verdict])
