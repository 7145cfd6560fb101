"""Records a run in MLflow: parameters, metrics, tables, pictures, and a registered model version.

All of it is first kept in the outbox, then sent: a server that is away costs a run nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from foodcls.export.attribution import COLUMNS
from foodcls.export.publish import publish_model
from foodcls.manifest import class_counts, load_manifest
from foodcls.recipe.recipe import Recipe
from foodcls.report.ablation_table import Ablation, Trial, ablation_csv
from foodcls.report.model_card import card_description, model_card
from foodcls.runs.outbox import Registration, RunRecord
from foodcls.runs.run_result import Recorded, Reported, Trained
from foodcls.runs.stage_result import StageResult, stage_table
from foodcls.workspace.workspace import Workspace
from tasks.engine.stage import stage
from tasks.tracking.history import look_back
from tasks.tracking.model_files import (
    answer_files,
    draft_record,
    run_files,
    save_model,
    write_files,
)
from tasks.tracking.run_metrics import (
    ablation_tags,
    describe_dataset,
    digest_tests,
    name_run,
    record_digest,
    run_figures,
    run_settings,
    run_tags,
    trial_figures,
    trial_tags,
    version_tags,
)
from tasks.tracking.send import Sent, submit

# what the model's card and credits tell of pictures
TOLD = (*COLUMNS, "label", "state", "split", "parent")


@stage()
def record(
    workspace: Workspace, recipe: Recipe, trained: Trained, *, reported: StageResult[Reported]
) -> Recorded:
    """Record one complete run and register its model, unless the same was recorded before."""
    pictures, model = trained.pictures, trained.model.result
    steps = (*trained.steps, reported)
    manifest = load_manifest(pictures, workspace.store, TOLD)
    path = workspace.model(recipe.name, model.blob)
    card = model_card(recipe, trained, manifest)
    publish_model(path, model, manifest, card, workspace.store)
    counts = class_counts(manifest)
    digest = record_digest(recipe, trained)
    known, before = look_back(workspace, recipe.name, digest)
    if known:
        return replace(known, model_path=str(path))
    registration = Registration(
        recipe.name, model.blob, version_tags(trained.scores.result), card_description(card)
    )
    dataset = describe_dataset(workspace, recipe, pictures.digest, counts)
    settings = run_settings(recipe)
    name = name_run(settings, pictures.digest, before)
    tags = run_tags(recipe, trained, steps) | {"test_digest": digest_tests(manifest)}
    figures = tuple(run_figures(trained, steps))
    stages = stage_table(steps)
    # what MLflow shows as a run's description
    tags["mlflow.note.content"] = stages
    run_record = RunRecord(name, tags, settings, figures, dataset)

    def fill(folder: Path) -> None:
        files = run_files(workspace, recipe.source, stages, reported.result, path)
        write_files(folder / "runs" / "0", files)
        save_model(folder / "model", path, recipe.labels)

    draft = draft_record(recipe, digest, steps, (run_record,), registration)
    return _recorded(submit(workspace, draft, fill), str(path))


@stage(name="record")
def record_ablation(
    workspace: Workspace, recipe: Recipe, table: Ablation, trials: Sequence[Trial]
) -> Recorded:
    """Record one run for the whole table and, nested in it, one for each of its rows."""
    settings = run_settings(recipe)
    whole = RunRecord("ablation", ablation_tags(recipe, table), settings, ())
    rows = [
        RunRecord(trial.name, trial_tags(recipe, trial), settings,
                tuple(trial_figures(trial)), _dataset(workspace, recipe, trial))
        for trial in trials
    ]  # fmt: skip

    def fill(folder: Path) -> None:
        write_files(folder / "runs" / "0", {workspace.ablation.name: ablation_csv(table).encode()})
        for number, trial in enumerate(trials, start=1):
            answers = answer_files(workspace, trial.scores.result)
            write_files(folder / "runs" / str(number), answers)

    steps = [step for trial in trials for step in trial.steps]
    digest = f"{recipe.digest} {ablation_csv(table)}"
    return _recorded(submit(workspace, draft_record(recipe, digest, steps, (whole, *rows)), fill))


def _dataset(workspace: Workspace, recipe: Recipe, trial: Trial) -> dict[str, str]:
    seen = trial.pictures.result
    counts = class_counts(load_manifest(seen, workspace.store, ("label", "state", "split")))
    return describe_dataset(workspace, recipe, seen.digest, counts)


def _recorded(sent: Sent, model_path: str = "") -> Recorded:
    return Recorded(sent.address, sent.experiment_id, sent.run_id, sent.version, model_path,
                    waiting=sent.trouble)  # fmt: skip
