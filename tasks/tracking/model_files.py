"""Puts an exported model where people look for it, and a run into files that MLflow takes."""

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
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.pandas_dataset import from_pandas
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from foodcls import __version__
from foodcls.export.attribution import attribution_csv
from foodcls.export.export import ExportedRef
from foodcls.export.load import DIGESTS
from foodcls.export.predict import PREDICTION_COLUMNS
from foodcls.manifest import ManifestRef, class_counts, load_manifest
from foodcls.metrics.evaluation import Evaluation
from foodcls.recipe.recipe import Recipe, RecipeSource
from foodcls.report.plots import confusion_csv
from foodcls.runs.outbox import Registration, RunRecord, Submission
from foodcls.runs.run_result import Reported
from foodcls.runs.stage_result import StageResult, stage_table
from foodcls.store.store import digest_file, digest_of, replacing
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
    """A record of what has just been done, for the server that is told of runs at present."""
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
    steps: Sequence[StageResult[Any]],
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
    answers = [ColSpec(kind, name) for kind, name in zip(kinds, PREDICTION_COLUMNS, strict=True)]
    return ModelSignature(
        inputs=Schema([ColSpec("binary", "image")]),
        outputs=Schema([*answers, *(ColSpec("double", f"p_{label}") for label in labels)]),
    )


def publish_model(
    workspace: Workspace, name: str, model: ExportedRef, pictures: ManifestRef
) -> Path:
    """Copy the exported model from the store to where people look for it; give the .pt file.

    Beside it lie the .pt2 file, the digests of both, which whoever loads one of them compares, and
    whose pictures the model was trained on.
    """
    script, program, digests = model_files(workspace.model(name, model.blob))
    blobs = {script: model.blob, program: model.program}
    for path, digest in blobs.items():
        if not path.exists() or digest_file(path) != digest:
            with replacing(path) as part:
                part.write_bytes(workspace.store.read(digest))
    _write(digests, "".join(f"{digest}  {path.name}\n" for path, digest in blobs.items()))
    _write(attribution_path(script), attribution_csv(load_manifest(pictures, workspace.store)))
    return script


@contextmanager
def bundled(model: Path) -> Iterator[Path]:
    """A folder with both files of a model and their digests alone, for the length of a block."""
    with TemporaryDirectory() as place:
        # named, as the name stays in what is made of it
        folder = Path(place, "files")
        folder.mkdir()
        for path in model_files(model):
            shutil.copy(path, folder)
        yield folder


def model_files(model: Path) -> tuple[Path, Path, Path]:
    """The .pt file, the .pt2 file, and the digests of both in the form of `sha256sum`."""
    return model, model.with_suffix(".pt2"), model.with_suffix(DIGESTS)


def attribution_path(model: Path) -> Path:
    """Where it stands whose pictures an exported model was trained on."""
    return model.with_suffix(".attribution.csv")


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")
