"""Tells MLflow of a run: parameters, metrics, tables, pictures, and a registered model version.

What is told is first kept as plain files, then sent: a server that is away costs a run nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient
from mlflow.tracking.context.registry import resolve_tags

from foodcls.errors import BusyError
from foodcls.judge.evaluation import Evaluation
from foodcls.learn.ablation import Ablation, Trial, ablation_csv
from foodcls.learn.challenge import Verdict, challenge
from foodcls.learn.predict import load_model
from foodcls.lock import holding
from foodcls.manifest import ManifestRef, load_manifest
from foodcls.recipe import Recipe, flatten
from foodcls.records import Account, Record, Registration, keep_record
from foodcls.steps import Step, results_of
from foodcls.workspace import Workspace
from tasks.accounts import (
    answer_files,
    describe_dataset,
    draft_record,
    run_files,
    save_model,
    version_tags,
    write_files,
)
from tasks.caching import stage
from tasks.figures import run_figures, run_name, run_tags
from tasks.published import publish_model
from tasks.sending import Sent, send_waiting
from tasks.server import FAILURES, explain, tracking
from tasks.trials import ablation_tags, trial_figures, trial_tags


@dataclass(frozen=True)
class Recorded:
    """Where a run stands in MLflow, or why it waits in the workspace to be sent."""

    tracking_uri: str
    experiment_id: str
    run_id: str
    version: str  # of the registered model named like the recipe
    model_path: str
    waiting: str = ""


@dataclass(frozen=True)
class RecordedTable:
    """Where the run of an ablation stands in MLflow; those of its rows are nested in it."""

    tracking_uri: str
    run_id: str
    waiting: str = ""


@stage()
def record(space: Workspace, plan: Recipe, recipe_file: Path, steps: list[Step[Any]]) -> Recorded:
    """Record one complete run and register its model; a model seen before keeps its version."""
    pictures, checkpoint, scores, model = results_of(
        steps, "augment", "calibrate", "evaluate", "export"
    )
    path = publish_model(space, plan.name, model, pictures)
    account = Account(
        name=run_name(plan),
        tags={**resolve_tags(), **run_tags(plan, steps)},
        settings=flatten(plan),
        figures=tuple(run_figures(steps)),
        dataset=describe_dataset(space, plan, pictures),
    )
    came_to = (plan.digest, pictures.digest, checkpoint.digest, scores.digest, model.blob)
    registration = Registration(plan.name, model.blob, version_tags(scores))

    def fill(folder: Path) -> None:
        write_files(folder / "runs" / "0", run_files(space, steps, recipe_file, path))
        save_model(folder / "model", path, plan.labels)

    draft = draft_record(plan, came_to, steps, (account,), registration)
    sent = tell(space, draft, fill)
    return Recorded(
        sent.address, sent.experiment_id, sent.run_id, sent.version, str(path), sent.trouble
    )


@stage(name="record")
def record_ablation(
    space: Workspace, plan: Recipe, table: Ablation, trials: list[Trial]
) -> RecordedTable:
    """Record one run for the whole table and, nested in it, one for each of its rows."""
    settings, common = flatten(plan), resolve_tags()
    name = f"ablation, {run_name(plan)}"
    whole = Account(name, {**common, **ablation_tags(plan, table)}, settings, ())
    rows = [
        Account(trial.name, {**common, **trial_tags(plan, trial)}, settings,
                tuple(trial_figures(trial)))
        for trial in trials
    ]  # fmt: skip

    def fill(folder: Path) -> None:
        write_files(folder / "runs" / "0", {"ablation.csv": ablation_csv(table).encode()})
        for number, trial in enumerate(trials, start=1):
            answers = answer_files(space, trial.scores.result)
            write_files(folder / "runs" / str(number), answers)

    came_to = (plan.digest, ablation_csv(table))
    steps = [step for trial in trials for step in trial.steps]
    sent = tell(space, draft_record(plan, came_to, steps, (whole, *rows)), fill)
    return RecordedTable(sent.address, sent.run_id, sent.trouble)


@stage()
def promote(space: Workspace, name: str, steps: list[Step[Any]]) -> Verdict:
    """Let the new version serve, as the alias `champion`, if it is the better one."""
    pictures, scores, recorded = results_of(steps, "augment", "evaluate", "record")
    if not recorded.version:
        return Verdict(False, f"not judged, for it is not recorded: {recorded.waiting}")
    try:
        with tracking(space) as client:
            verdict = judge_version(client, space, name, recorded.version, scores, pictures)
            client.set_registered_model_alias(name, "challenger", recorded.version)
            client.set_model_version_tag(name, recorded.version, "verdict", verdict.reason)
            if verdict.is_promoted:
                client.set_registered_model_alias(name, "champion", recorded.version)
    except FAILURES as error:
        return Verdict(False, f"not judged: {explain(error)}")
    return verdict


def judge_version(
    client: MlflowClient,
    space: Workspace,
    name: str,
    version: str,
    scores: Evaluation,
    pictures: ManifestRef,
) -> Verdict:
    """Compare a version with the champion, if there is another one."""
    champion = client.get_registered_model(name).aliases.get("champion")
    if champion is None:
        return Verdict(True, "the first model")
    if str(champion) == version:
        return Verdict(False, "nothing new: this model serves already")
    folder = mlflow.artifacts.download_artifacts(f"models:/{name}/{champion}")
    (path,) = Path(folder).rglob("*.pt")
    manifest = load_manifest(pictures, space.store)
    return challenge(load_model(path), scores, manifest, space.store)


def tell(space: Workspace, draft: Record, fill: Callable[[Path], None]) -> Sent:
    """Keep a record, then send it and whatever else waits; a server that is away ends no run."""
    space.records.mkdir(exist_ok=True)
    try:
        with holding(space.records):
            waiting = keep_record(space.records, draft, fill)
            return {sent.key: sent for sent in send_waiting(space)}[waiting.record.key]
    except BusyError as error:
        # `foodcls sync` is at it, and began before this record was there
        waiting = keep_record(space.records, draft, fill)
        return Sent(waiting.record.key, draft.address, trouble=str(error))
