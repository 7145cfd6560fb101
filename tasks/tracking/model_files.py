"""Puts what is told of a run into plain files and words that MLflow takes."""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import mlflow
import pandas as pd
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.pandas_dataset import from_pandas
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from foodcls import __version__
from foodcls.export.predict import ANSWER
from foodcls.manifest import class_counts
from foodcls.metrics.evaluation import Evaluation
from foodcls.recipe.recipe import Recipe, RecipeSource
from foodcls.report.plots import confusion_csv
from foodcls.runs.outbox import Account, Record, Registration
from foodcls.runs.run_result import Reported
from foodcls.runs.stage_result import Step, stage_table
from foodcls.store.store import digest_of
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import hush, present_address
from tasks.tracking.published import attribution_path, bundled, model_files

# a white GIF of one pixel: shows in MLflow's UI what a request looks like
EXAMPLE = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"

# contents by name, or files that are copied
Files = Mapping[str, bytes | Path]


def draft_record(
    recipe: Recipe,
    came_to: str,
    steps: Sequence[Step[Any]],
    accounts: tuple[Account, ...],
    model: Registration | None = None,
) -> Record:
    """A record of what has just been done, for the server that is told of runs at present."""
    now = time.time()
    return Record(
        key=uuid4().hex,
        outcome=digest_of(came_to.encode()),
        address=present_address(),
        experiment=recipe.name,
        started=now - sum(step.seconds for step in steps),
        ended=now,
        accounts=accounts,
        model=model,
    )


def describe_dataset(
    workspace: Workspace, recipe: Recipe, digest: str, manifest: pd.DataFrame
) -> dict[str, str]:
    """Which pictures the run saw, in MLflow's words: digest, and counts by class and split."""
    counts = class_counts(manifest)
    # as real numbers: MLflow warns of each column of whole ones
    table = pd.DataFrame(counts).T.astype(float).rename_axis("label").reset_index()
    source = CodeDatasetSource({"manifest": str(workspace.manifest)})
    return from_pandas(table, source, name=recipe.name, digest=digest[:32]).to_dict()


def run_files(
    workspace: Workspace,
    source: RecipeSource,
    steps: Sequence[Step[Any]],
    reported: Reported,
    model: Path,
) -> Files:
    """The files that explain the run, the recipe as it was read, and the model itself."""
    copied = (workspace.manifest, workspace.histogram, *model_files(model), attribution_path(model))
    files = (*copied, *map(Path, reported.files))
    return {
        source.path.name: source.data,
        **{path.name: path for path in files},
        "stages.md": stage_table(steps).encode(),
    }


def answer_files(workspace: Workspace, scores: Evaluation) -> Files:
    """What was answered on the test pictures."""
    return {
        workspace.confusion.name: confusion_csv(scores).encode(),
        workspace.predictions.name: workspace.store.read(scores.predictions),
    }


def write_files(folder: Path, files: Files) -> None:
    """Write contents, and copy files, into a folder."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        if isinstance(content, Path):
            shutil.copyfile(content, folder / name)
        else:
            (folder / name).write_bytes(content)


def save_model(folder: Path, model: Path, labels: tuple[str, ...]) -> None:
    """Write the exported model as MLflow loads it, with its signature."""
    hush()
    with bundled(model) as files:
        mlflow.pyfunc.save_model(
            folder,
            loader_module="foodcls.export.pyfunc",
            data_path=str(files),
            signature=model_signature(labels),
            input_example=pd.DataFrame({"image": [EXAMPLE]}),
            pip_requirements=[f"foodcls=={__version__}"],
        )


def version_tags(scores: Evaluation) -> dict[str, str]:
    """What a version is chosen by."""
    return {
        "accuracy": f"{scores.accuracy:.4f}",
        "average_position": f"{scores.average_position:.3f}",
        "n": str(scores.n),
    }


def model_signature(labels: tuple[str, ...]) -> ModelSignature:
    """A column of picture files in; the answer's cells and a column a class out."""
    kinds = ("string", "string", "double", "boolean", "string")
    answers = [ColSpec(kind, name) for kind, name in zip(kinds, ANSWER, strict=True)]
    return ModelSignature(
        inputs=Schema([ColSpec("binary", "image")]),
        outputs=Schema([*answers, *(ColSpec("double", f"p_{label}") for label in labels)]),
    )
