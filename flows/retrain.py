"""Trains anew and lets the better model serve."""

from pathlib import Path
from typing import Any

from prefect import State, flow, tags
from prefect.runtime import flow_run

from flows.prepare import WORKSPACE
from flows.train import train
from foodcls.recipe.recipe import load_recipe
from foodcls.runs.run_result import Retrained
from foodcls.workspace.lock import holding
from tasks.engine.cluster import open_workspace
from tasks.engine.ui import show_verdict, title
from tasks.engine.webhook import HOOKS, conclude
from tasks.promote import promote


@flow(name="retrain", flow_run_name=title, **HOOKS)
def retrain(
    recipe: Path,
    overrides: dict[str, Any] | None = None,
    workspace: Path = WORKSPACE,
    search_again: bool = False,
) -> State[Retrained]:
    """Train, then compare the new model with the champion and promote it if it is better.

    The file `recipe` is read once, at the start. `overrides` replaces its settings by dotted key,
    e.g. {"train.epochs": 4}. On what has not changed nothing is done, logged or registered again.
    """
    read, opened = load_recipe(recipe, overrides), open_workspace(workspace)
    # what looks after runs by their tags looks after those that they call
    with holding(opened.root), tags(*flow_run.tags):
        result = train(read, workspace, search_again)
        verdict = promote(opened, read, result)
    show_verdict(read.name, verdict.result)
    return conclude(read, Retrained(result, verdict))
