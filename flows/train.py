"""From a recipe to a trained, evaluated, exported and recorded model."""

from pathlib import Path
from typing import Any

from prefect import flow, tags
from prefect.runtime import flow_run

from flows.prepare import WORKSPACE, prepare
from flows.titles import title
from foodcls.lock import holding
from foodcls.recipe import load_recipe
from foodcls.steps import Step
from tasks.artifacts import show_scores, show_stages
from tasks.machines import open_space
from tasks.model import calibrate, check_groups, check_training, evaluate, export, fit
from tasks.report import report
from tasks.tracking import record
from tasks.webhook import HOOKS


@flow(name="train", flow_run_name=title, **HOOKS)
def train(
    recipe: Path,
    overrides: dict[str, Any] | None = None,
    workspace: Path = WORKSPACE,
    search_again: bool = False,
) -> list[Step[Any]]:
    """Prepare, train, evaluate, export, report and record; parameters are those of `prepare`."""
    plan, space = load_recipe(recipe, overrides), open_space(workspace)
    with holding(space.root), tags(*flow_run.tags):
        check_training(space, plan.train)
        pictures = prepare(recipe, overrides, workspace, search_again)
        check_groups(space, pictures[-1], plan.test)
        learnt = fit(space, pictures[-1], plan.labels, plan.train)
        checkpoint = calibrate(
            space, learnt, pictures[-1], plan.answer, limit=plan.train.cache_bytes
        )
        scores = evaluate(space, checkpoint, pictures[-1], plan.test, limit=plan.train.cache_bytes)
        model = export(space, checkpoint, pictures[-1], plan.name, plan.digest)
        steps: list[Step[Any]] = [*pictures, learnt, checkpoint, scores, model]
        steps.append(report(space, plan, steps))
        steps.append(record(space, plan, recipe, steps))
    show_scores(plan.name, scores.result)
    show_stages(f"train {plan.name}", steps)
    return steps
