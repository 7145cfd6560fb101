"""From a recipe to a trained, evaluated, exported and recorded model."""

from pathlib import Path

from prefect import flow, tags
from prefect.runtime import flow_run

from flows.prepare import WORKSPACE, prepare
from foodcls.export.exported_files import check_libraries
from foodcls.recipe.recipe import Recipe
from foodcls.runs.run_result import Prepared, RunResult, Trained
from foodcls.workspace.lock import holding
from foodcls.workspace.workspace import Workspace
from tasks.engine.cluster import open_workspace
from tasks.engine.recall import body
from tasks.engine.ui import show_scores, show_stages, title
from tasks.engine.webhook import HOOKS
from tasks.model import calibrate, check_groups, check_training, evaluate, export, judge_own
from tasks.model import train as train_network
from tasks.record import record
from tasks.report import report
from tasks.trainers.launch import check_trainers


@flow(name="train", flow_run_name=title, **HOOKS)
def train(recipe: Recipe, workspace: Path = WORKSPACE, search_again: bool = False) -> RunResult:
    """Prepare, train, evaluate, export, report and record; parameters are those of `prepare`."""
    opened, recipe = open_workspace(workspace), recipe.fixed()
    with holding(opened.root), tags(*flow_run.tags):
        check_libraries(recipe.export.formats)
        check_trainers()
        check_training(opened, recipe.train)
        prepared = body(prepare)(recipe, workspace, search_again)
        check_groups(opened, prepared.grown, recipe.test)
        trained = train_model(opened, recipe, prepared)
        reported = report(opened, recipe, trained)
        recorded = record(opened, recipe, trained, reported=reported)
    result = RunResult(trained, reported, recorded, flow_run.id or "")
    show_scores(recipe.name, trained.scores.result)
    show_stages(f"train {recipe.name}", result.steps)
    return result


def train_model(workspace: Workspace, recipe: Recipe, prepared: Prepared) -> Trained:
    """Train on the prepared pictures, calibrate, evaluate, judge own photos and export."""
    pictures, limit = prepared.grown, recipe.train.cache_bytes
    learnt = train_network(workspace, pictures, recipe.labels, recipe.train)
    checkpoint = calibrate(workspace, learnt, pictures, recipe.inference, limit=limit)
    scores = evaluate(workspace, checkpoint, pictures, recipe.test, limit=limit)
    asked = recipe.own
    own = judge_own(workspace, learnt, pictures, asked, limit=limit) if asked else None
    named = recipe.name, recipe.digest, recipe.export
    model = export(workspace, checkpoint, pictures, *named)
    return Trained(prepared, learnt, checkpoint, scores, own, model)
