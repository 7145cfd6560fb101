"""From a recipe to a table of what each kind of cleaning gains."""

import logging
from pathlib import Path
from typing import Any

from prefect import flow, tags
from prefect.runtime import flow_run

from flows.prepare import WORKSPACE, prepare
from flows.titles import title
from foodcls.learn.ablation import Trial
from foodcls.lock import holding
from foodcls.manifest import ManifestRef
from foodcls.recipe import Recipe, load_recipe
from foodcls.steps import Step
from foodcls.workspace import Workspace
from tasks.ablation import compare, take_raw, undo_crop
from tasks.artifacts import show_ablation
from tasks.machines import open_space
from tasks.model import check_groups, check_training, evaluate, fit
from tasks.tracking import record_ablation
from tasks.webhook import HOOKS

DATASETS = ("raw", "filtered", "cropped", "cropped and augmented")
log = logging.getLogger("foodcls.stages")


@flow(name="ablate", flow_run_name=title, **HOOKS)
def ablate(
    recipe: Path, overrides: dict[str, Any] | None = None, workspace: Path = WORKSPACE
) -> list[Step[Any]]:
    """Train on pictures raw, filtered, cropped and augmented; judge all four by the same ones."""
    plan, space = load_recipe(recipe, overrides), open_space(workspace)
    with holding(space.root), tags(*flow_run.tags):
        check_training(space, plan.train)
        pictures = prepare(recipe, overrides, workspace)
        whole, _, parted, grown = pictures[-4:]
        check_groups(space, parted, plan.test)
        raw = take_raw(space, parted, whole, plan.split)
        filtered = undo_crop(space, parted, whole)
        sets = zip(DATASETS, (raw, filtered, parted, grown), strict=True)
        trials = [try_set(space, plan, name, refs) for name, refs in sets]
        table = compare(space, parted, trials)
        recorded = record_ablation(space, plan, table, trials)
    show_ablation(plan.name, table.result)
    steps = [step for trial in trials for step in trial.steps]
    return [*pictures, raw, filtered, *steps, table, recorded]


def try_set(space: Workspace, plan: Recipe, name: str, pictures: Step[ManifestRef]) -> Trial:
    """Train on these pictures, and judge."""
    log.info("%s: %d pictures", name, pictures.result.kept)
    checkpoint = fit(space, pictures, plan.labels, plan.train)
    scores = evaluate(space, checkpoint, pictures, plan.test, limit=plan.train.cache_bytes)
    return Trial(name, pictures, checkpoint, scores)
