"""Tells MLflow of a run: parameters, metrics, tables, pictures, and a registered model version.

Only this module and tasks/registry.py import mlflow. Tasks may run in threads, but MLflow has one
tracking address for the whole process: records are made one at a time, each with its own address.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, Schema

from foodcls import __version__
from foodcls.judge.evaluation import Evaluation
from foodcls.judge.plots import confusion_csv
from foodcls.judge.runs import runs_html
from foodcls.learn.ablation import Ablation, Trial, ablation_csv
from foodcls.learn.export import ExportedRef
from foodcls.learn.predict import ANSWER
from foodcls.manifest import ManifestRef, class_counts, load_manifest
from foodcls.recipe import Recipe
from foodcls.steps import Step, results_of, stage_table
from foodcls.workspace import Workspace
from tasks.caching import stage
from tasks.earlier import list_runs
from tasks.figures import (
    Figure,
    digest_tests,
    name_run,
    record_digest,
    run_figures,
    run_settings,
    run_tags,
)
from tasks.published import attribution_path, bundled, model_files, publish_model
from tasks.trials import ablation_tags, trial_figures, trial_tags

TrackingError = MlflowException
# opens the page for trained models in MLflow's UI, not the one for language models
KIND = {"mlflow.experimentKind": "custom_model_development"}
ONE_AT_A_TIME = threading.Lock()
# a white GIF of one pixel: shows in MLflow's UI what a request looks like
EXAMPLE = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


@dataclass(frozen=True)
class Recorded:
    """Where a run stands in MLflow."""

    tracking_uri: str
    experiment_id: str
    run_id: str
    version: str  # of the registered model named like the recipe
    model_path: str
    is_new: bool = True  # False: an earlier run gave all of this, and is the one that is named


@dataclass(frozen=True)
class RecordedTable:
    """Where the run of an ablation stands in MLflow; those of its rows are nested in it."""

    tracking_uri: str
    run_id: str


@stage()
def record(space: Workspace, plan: Recipe, recipe_file: Path, steps: list[Step[Any]]) -> Recorded:
    """Log one complete run and register its model, unless a run has logged the very same."""
    pictures, scores, model = results_of(steps, "augment", "evaluate", "export")
    path = publish_model(space, plan.name, model, pictures)
    with tracking(space) as client:
        if known := find_record(client, plan.name, record_digest(plan, steps)):
            return replace(known, model_path=str(path))
    with tracking(space) as client, open_run(client, space, plan, plan.name) as run:
        run_id, experiment = run.info.run_id, run.info.experiment_id
        name = name_run(plan, pictures, list_runs(client, experiment))
        mlflow.set_tags(run_tags(plan, steps) | {"mlflow.runName": name})
        mlflow.log_params(run_settings(plan))
        log_figures(client, run_id, run_figures(steps))
        log_dataset(space, plan, pictures)
        log_files(space, steps, recipe_file, path)
        mlflow.log_text(runs_html(plan.name, list_runs(client, experiment)), "runs.html")
        version = register_model(client, plan, scores, model, path)
        mlflow.set_tag("model_version", version)
    return Recorded(client.tracking_uri, experiment, run_id, version, str(path))


@stage(name="record")
def record_ablation(
    space: Workspace, plan: Recipe, table: Ablation, trials: list[Trial]
) -> RecordedTable:
    """Log one run for the whole table and, nested in it, one for each of its rows."""
    with tracking(space) as client, open_run(client, space, plan, "ablation") as run:
        mlflow.set_tags(ablation_tags(plan, table))
        mlflow.log_params(run_settings(plan))
        mlflow.log_text(ablation_csv(table), "ablation.csv")
        for trial in trials:
            with open_run(client, space, plan, trial.name, nested=True) as child:
                mlflow.set_tags(trial_tags(plan, trial))
                mlflow.log_params(run_settings(plan))
                log_figures(client, child.info.run_id, trial_figures(trial))
                log_dataset(space, plan, trial.pictures.result)
                log_answers(space, trial.scores.result)
    return RecordedTable(client.tracking_uri, run.info.run_id)


@contextmanager
def tracking(space: Workspace) -> Iterator[MlflowClient]:
    """Point MLflow at MLFLOW_TRACKING_URI, or at SQLite in the workspace, for this thread alone."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{space.root / 'mlflow.db'}"
    with ONE_AT_A_TIME:
        mlflow.set_tracking_uri(uri)
        # MLflow's own lines (tables created, version created) say what ours say
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        yield MlflowClient(uri)


def open_run(
    client: MlflowClient, space: Workspace, plan: Recipe, name: str, *, nested: bool = False
) -> mlflow.ActiveRun:
    """Start a run in the experiment named like the recipe."""
    found = client.get_experiment_by_name(plan.name)
    experiment = found.experiment_id if found else create_experiment(client, plan.name, space)
    return mlflow.start_run(experiment_id=experiment, run_name=name, nested=nested)


def create_experiment(client: MlflowClient, name: str, space: Workspace) -> str:
    """Make an experiment; a local store keeps its artifacts in the workspace."""
    # left to itself MLflow puts the artifacts of a SQLite store into the current folder
    local = client.tracking_uri.startswith("sqlite:")
    place = (space.root / "mlartifacts").as_uri() if local else None
    return str(client.create_experiment(name, artifact_location=place, tags=KIND))


def log_figures(client: MlflowClient, run_id: str, figures: Iterable[Figure]) -> None:
    """Log all figures of a run at once."""
    now = int(time.time() * 1000)
    client.log_batch(run_id, [Metric(name, value, now, epoch) for name, value, epoch in figures])


def log_answers(space: Workspace, scores: Evaluation) -> None:
    """Log what was answered on the test pictures."""
    mlflow.log_text(confusion_csv(scores), "confusion.csv")
    mlflow.log_text(space.store.read(scores.predictions).decode(), "predictions.csv")


def log_dataset(space: Workspace, plan: Recipe, pictures: ManifestRef) -> None:
    """Log which pictures the run saw: digest, and counts by class and split."""
    manifest = load_manifest(pictures, space.store)
    mlflow.set_tag("test_digest", digest_tests(manifest))
    counts = class_counts(manifest)
    # as real numbers: MLflow warns of each column of whole ones
    table = pd.DataFrame(counts).T.astype(float).rename_axis("label").reset_index()
    source = CodeDatasetSource({"manifest": str(space.manifest)})
    dataset = from_pandas(table, source, name=plan.name, digest=pictures.digest[:32])
    mlflow.log_input(dataset, context="training")


def log_files(space: Workspace, steps: list[Step[Any]], recipe_file: Path, model: Path) -> None:
    """Log the files that explain the run, and the model itself."""
    (reported,) = results_of(steps, "report")
    files = (recipe_file, space.manifest, space.histogram, *model_files(model))
    for path in (*files, attribution_path(model), *reported.files):
        mlflow.log_artifact(str(path))
    mlflow.log_text(stage_table(steps), "stages.md")


def register_model(
    client: MlflowClient, plan: Recipe, scores: Evaluation, model: ExportedRef, path: Path
) -> str:
    """Register the exported model with its signature; return the version's number."""
    known = find_version(client, plan.name, model.blob)
    if known:
        return known
    with bundled(path) as folder:
        logged = mlflow.pyfunc.log_model(
            name="model",
            loader_module="foodcls.learn.served",
            data_path=str(folder),
            signature=model_signature(plan.labels),
            input_example=pd.DataFrame({"image": [EXAMPLE]}),
            pip_requirements=[f"foodcls=={__version__}"],
        )
    version = mlflow.register_model(
        logged.model_uri,
        plan.name,
        tags={
            "model_digest": model.blob,
            "accuracy": f"{scores.accuracy:.4f}",
            "average_position": f"{scores.average_position:.3f}",
            "n": str(scores.n),
        },
    )
    return str(version.version)


def find_record(client: MlflowClient, name: str, digest: str) -> Recorded | None:
    """The finished run that has logged exactly this already, if its model is still registered."""
    experiment = client.get_experiment_by_name(name)
    same = f"tags.record_digest = '{digest}' and attributes.status = 'FINISHED'"
    for run in client.search_runs([experiment.experiment_id], same) if experiment else ():
        version = find_version(client, name, run.data.tags.get("model_digest", ""))
        if version:
            uri, info = client.tracking_uri, run.info
            return Recorded(uri, info.experiment_id, info.run_id, version, "", is_new=False)
    return None


def find_version(client: MlflowClient, name: str, digest: str) -> str | None:
    """The registered version that holds exactly this model, if there is one."""
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get("model_digest") == digest:
            return str(version.version)
    return None


def model_signature(labels: tuple[str, ...]) -> ModelSignature:
    """A column of picture files in; the answer's cells and a column a class out."""
    kinds = ("string", "string", "double", "boolean", "string")
    answers = [ColSpec(kind, name) for kind, name in zip(kinds, ANSWER, strict=True)]
    return ModelSignature(
        inputs=Schema([ColSpec("binary", "image")]),
        outputs=Schema([*answers, *(ColSpec("double", f"p_{label}") for label in labels)]),
    )
