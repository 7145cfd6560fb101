"""Writes a run and its exported model as the files that are sent to MLflow."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from foodcls import __version__
from foodcls.export.exported_files import PREDICTION_COLUMNS
from foodcls.export.publish import model_files
from foodcls.metrics.evaluation import Evaluation
from foodcls.recipe.recipe import Recipe, RecipeSource
from foodcls.report.plots import confusion_csv
from foodcls.runs.outbox import Registration, RunRecord, Submission
from foodcls.runs.run_result import Reported
from foodcls.runs.stage_result import StageResult
from foodcls.store.store import digest_of
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import present_address, quiet

# a white GIF of one pixel: shows in MLflow's UI what a request looks like
EXAMPLE = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"

# contents by name, or files that are copied
Files = Mapping[str, bytes | Path]


def draft_record(
    recipe: Recipe,
    came_to: str,
    steps: Sequence[StageResult[Any]],
    runs: tuple[RunRecord, ...],
    model: Registration | None = None,
) -> Submission:
    """A submission of these runs, which have just ended, to the tracking server that is set."""
    now = time.time()
    return Submission(
        key=uuid4().hex,
        outcome=digest_of(came_to.encode()),
        address=present_address(),
        experiment=recipe.name,
        started=now - sum(step.seconds for step in steps),
        ended=now,
        runs=runs,
        model=model,
    )


def run_files(
    workspace: Workspace,
    source: RecipeSource,
    stages: str,
    reported: Reported,
    model: Path,
) -> Files:
    """The files that explain the run, the recipe as it was read, and the model itself.

    `stages` is the table of its stages.
    """
    copied = (workspace.manifest, workspace.histogram, *model_files(model))
    files = (*copied, *map(Path, reported.files))
    return {
        source.path.name: source.data,
        **{path.name: path for path in files},
        "stages.md": stages.encode(),
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
    quiet()
    with bundled(model) as files:
        mlflow.pyfunc.save_model(
            folder,
            loader_module="foodcls.export.pyfunc",
            data_path=str(files),
            signature=model_signature(labels),
            input_example=pd.DataFrame({"image": [EXAMPLE]}),
            pip_requirements=[f"foodcls=={__version__}"],
        )


def model_signature(labels: tuple[str, ...]) -> ModelSignature:
    """A column of picture files in; the answer's cells and a column a class out."""
    kinds = ("string", "string", "double", "double", "boolean", "boolean", "string")
    answers = [ColSpec(kind, name) for kind, name in zip(kinds, PREDICTION_COLUMNS, strict=True)]
    return ModelSignature(
        inputs=Schema([ColSpec("binary", "image")]),
        outputs=Schema([*answers, *(ColSpec("double", f"p_{label}") for label in labels)]),
    )


@contextmanager
def bundled(model: Path) -> Iterator[Path]:
    """A folder with the files of a model alone, for the length of a block."""
    with TemporaryDirectory() as place:
        # named, as the name stays in what is made of it
        folder = Path(place, "files")
        folder.mkdir()
        for path in filter(Path.exists, model_files(model)):
            shutil.copy(path, folder)
        yield folder
