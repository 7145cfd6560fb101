"""From a recipe to a table of what each kind of cleaning gains."""

import logging
from pathlib import Path

from prefect import flow, tags
from prefect.runtime import flow_run

from flows.prepare import WORKSPACE, prepare
from foodcls.manifest import ManifestRef
from foodcls.recipe.recipe import Recipe
from foodcls.report.ablation_table import AblationResult, Trial
from foodcls.runs.stage_result import StageResult
from foodcls.workspace.lock import holding
from foodcls.workspace.workspace import Workspace
from tasks.ablation import compare, take_raw, undo_crop
from tasks.engine.cluster import open_workspace
from tasks.engine.ui import show_ablation, title
from tasks.engine.webhook import HOOKS
from tasks.model import check_groups, check_training, evaluate, train
from tasks.record import record_ablation
from tasks.trainers.launch import check_trainers

DATASETS = ("raw", "filtered", "cropped", "cropped and augmented")
log = logging.getLogger("foodcls.stages")


@flow(name="ablate", flow_run_name=title, **HOOKS)
def ablate(recipe: Recipe, workspace: Path = WORKSPACE) -> AblationResult:
    """Train on pictures raw, filtered, cropped and augmented; judge all four by the same ones."""
    opened, recipe = open_workspace(workspace), recipe.fixed()
    with holding(opened.root), tags(*flow_run.tags):
        check_trainers()
        check_training(opened, recipe.train)
        prepared = prepare(recipe, workspace)
        whole, parted = prepared.chosen, prepared.parted
        check_groups(opened, parted, recipe.test)
        raw = take_raw(opened, parted, whole, recipe.split)
        filtered = undo_crop(opened, parted, whole)
        sets = zip(DATASETS, (raw, filtered, parted, prepared.grown), strict=True)
        trials = tuple(try_set(opened, recipe, name, pictures) for name, pictures in sets)
        table = compare(opened, parted, trials)
        recorded = record_ablation(opened, recipe, table, trials)
    show_ablation(recipe.name, table.result)
    return AblationResult(prepared, raw, filtered, trials, table, recorded)


def try_set(
    workspace: Workspace, recipe: Recipe, name: str, pictures: StageResult[ManifestRef]
) -> Trial:
    """Train on these pictures, and judge."""
    log.info("%s: %d pictures", name, pictures.result.kept)
    checkpoint = train(workspace, pictures, recipe.labels, recipe.train)
    limit = recipe.train.cache_bytes
    scores = evaluate(workspace, checkpoint, pictures, recipe.test, limit=limit)
    return Trial(name, pictures, checkpoint, scores)
