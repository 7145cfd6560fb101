"""Tells MLflow of a run: parameters, metrics, tables, pictures, and a registered model version.

The only module that imports mlflow. Tasks may run in threads, but MLflow has one tracking address
for the whole process: records are made one at a time, each with its own address.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Metric
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, Schema

from foodcls import __version__
from foodcls.judge.evaluation import Evaluation
from foodcls.judge.plots import confusion_csv, confusion_png, learning_png
from foodcls.learn.ablation import Ablation, Trial, ablation_csv
from foodcls.learn.challenge import Verdict, challenge
from foodcls.learn.export import ExportedRef
from foodcls.learn.modelfile import load_model
from foodcls.learn.predict import ANSWER
from foodcls.manifest import ManifestRef, class_counts, load_manifest
from foodcls.recipe import Recipe, flatten
from foodcls.steps import Step, results_of, stage_table
from foodcls.workspace import Workspace
from tasks.caching import stage
from tasks.figures import Figure, run_figures, run_name, run_tags
from tasks.published import attribution_path, bundled, model_files, publish_model
from tasks.trials import ablation_tags, trial_figures, trial_tags

PARAM_LENGTH = 6000  # characters; MLflow's own bound
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


@dataclass(frozen=True)
class RecordedTable:
    """Where the run of an ablation stands in MLflow; those of its rows are nested in it."""

    tracking_uri: str
    run_id: str


@stage()
def record(space: Workspace, plan: Recipe, recipe_file: Path, steps: list[Step[Any]]) -> Recorded:
    """Log one complete run and register its model; a model seen before keeps its version."""
    pictures, scores, model = results_of(steps, "augment", "evaluate", "export")
    path = publish_model(space, plan.name, model, pictures)
    with tracking(space) as client, open_run(client, space, plan, run_name(plan)) as run:
        run_id = run.info.run_id
        mlflow.set_tags(run_tags(plan, steps))
        log_settings(plan)
        log_figures(client, run_id, run_figures(steps))
        log_dataset(space, plan, pictures)
        log_files(space, steps, recipe_file, path)
        version = register_model(client, plan, scores, model, path)
        mlflow.set_tag("model_version", version)
    return Recorded(client.tracking_uri, run.info.experiment_id, run_id, version, str(path))


@stage(name="record")
def record_ablation(
    space: Workspace, plan: Recipe, table: Ablation, trials: list[Trial]
) -> RecordedTable:
    """Log one run for the whole table and, nested in it, one for each of its rows."""
    name = f"ablation, {run_name(plan)}"
    with tracking(space) as client, open_run(client, space, plan, name) as run:
        mlflow.set_tags(ablation_tags(plan, table))
        log_settings(plan)
        mlflow.log_text(ablation_csv(table), "ablation.csv")
        for trial in trials:
            with open_run(client, space, plan, trial.name, nested=True) as child:
                mlflow.set_tags(trial_tags(plan, trial))
                log_settings(plan)
                log_figures(client, child.info.run_id, trial_figures(trial))
                log_answers(space, trial.scores.result)
    return RecordedTable(client.tracking_uri, run.info.run_id)


@stage()
def promote(space: Workspace, name: str, steps: list[Step[Any]]) -> Verdict:
    """Let the new version serve, as the alias `champion`, if it is the better one."""
    pictures, scores, recorded = results_of(steps, "augment", "evaluate", "record")
    with tracking(space) as client:
        verdict = judge_version(client, space, name, recorded.version, scores, pictures)
        client.set_registered_model_alias(name, "challenger", recorded.version)
        client.set_model_version_tag(name, recorded.version, "verdict", verdict.reason)
        if verdict.is_promoted:
            client.set_registered_model_alias(name, "champion", recorded.version)
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
    digest = client.get_model_version(name, str(champion)).tags.get("model_digest", "")
    manifest = load_manifest(pictures, space.store)
    return challenge(load_model(path, digest), scores, manifest, space.store)


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
    return str(client.create_experiment(name, artifact_location=place))


def log_settings(plan: Recipe) -> None:
    """Log the whole recipe as parameters."""
    mlflow.log_params({key: text[:PARAM_LENGTH] for key, text in flatten(plan).items()})


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
    counts = class_counts(load_manifest(pictures, space.store))
    # as real numbers: MLflow warns of each column of whole ones
    table = pd.DataFrame(counts).T.astype(float).rename_axis("label").reset_index()
    source = CodeDatasetSource({"manifest": str(space.manifest)})
    dataset = from_pandas(table, source, name=plan.name, digest=pictures.digest[:32])
    mlflow.log_input(dataset, context="training")


def log_files(space: Workspace, steps: list[Step[Any]], recipe_file: Path, model: Path) -> None:
    """Log the files that explain the run, and the model itself."""
    checkpoint, scores = results_of(steps, "calibrate", "evaluate")
    mlflow.log_artifact(str(recipe_file))
    mlflow.log_artifact(str(space.manifest))
    mlflow.log_artifact(str(space.histogram))
    for file in (*model_files(model), attribution_path(model)):
        mlflow.log_artifact(str(file))
    mlflow.log_text(stage_table(steps), "stages.md")
    log_answers(space, scores)
    pictures = {
        "confusion.png": confusion_png(scores),
        "learning.png": learning_png(checkpoint.reports, checkpoint.best_epoch),
    }
    for name, data in pictures.items():
        space.root.joinpath(name).write_bytes(data)
        mlflow.log_artifact(str(space.root / name))


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
