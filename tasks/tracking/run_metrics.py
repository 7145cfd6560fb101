"""The name, parameters, tags, data set and metrics of a run or an ablation, as MLflow has them."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import RunData
from mlflow.tracking.context.registry import resolve_tags

from foodcls import __version__
from foodcls.manifest import split_rows
from foodcls.metrics.evaluation import Evaluation
from foodcls.recipe.recipe import Recipe, flatten
from foodcls.redact import redact
from foodcls.report.ablation_table import Ablation, Trial, ablation_table
from foodcls.runs.run_result import Trained
from foodcls.runs.stage_result import StageResult, stage_counts, stage_seconds
from foodcls.store.store import digest_json
from foodcls.train.checkpoint import Checkpoint
from foodcls.workspace.workspace import Workspace

Figure = tuple[str, float, int]  # name, value, epoch (0: of the whole run)
PARAM_LENGTH = 6000  # characters; MLflow's own bound
CODE = Path(__file__).parent
# seconds; a file system that does not answer must not hold up a run
GIT_PATIENCE = 10
EPOCH_FIGURES = (
    "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_average_position"
)  # fmt: skip


def run_settings(recipe: Recipe) -> dict[str, str]:
    """The whole recipe as parameters."""
    return {key: redact(text)[:PARAM_LENGTH] for key, text in flatten(recipe).items()}


def name_run(settings: Mapping[str, str], dataset: str, before: RunData | None) -> str:
    """A run's name: which settings changed since the run before, e.g. `lr=0.0002, epochs=3`.

    `dataset` is the digest of its pictures.
    """
    if before is None:
        return "first"
    known = before.params
    # a setting that another version of foodcls did not have is no change
    changed = [key for key in settings if key in known and settings[key] != known[key]]
    words = [f"{_short(key, settings)}={settings[key][:20]}" for key in changed]
    is_new_data = before.tags.get("dataset_digest") != dataset
    return ", ".join(words) or ("new pictures" if is_new_data else "the same again")


def _short(key: str, keys: Mapping[str, str]) -> str:
    """The last word of a dotted key, where no other key ends with it."""
    last = key.rpartition(".")[2]
    return key if sum(other.rpartition(".")[2] == last for other in keys) > 1 else last


def digest_tests(manifest: pd.DataFrame) -> str:
    """SHA-256 of which pictures a run is judged by: those with the same one may be compared."""
    return digest_json(sorted(split_rows(manifest[["id", "state", "split"]], "test")["id"]))


def run_tags(recipe: Recipe, trained: Trained, steps: Sequence[StageResult[Any]]) -> dict[str, str]:
    """What a run is found by again: digests of recipe, data, weights and exported model.

    And how what was trained at which rate, where the recipe leaves that open.
    """
    learnt = trained.checkpoint.result.settings
    return {
        **common_tags(recipe, "train"),
        "method": learnt.method,
        "lr": "none" if learnt.method == "probe" or learnt.lr == "auto" else str(learnt.lr),
        "trainable": " ".join(learnt.trainable) or "none",
        "dataset_digest": trained.pictures.digest,
        "pretrained_digest": trained.checkpoint.result.pretrained_digest,
        "weights_license": trained.checkpoint.result.license,
        "model_digest": trained.model.result.blob,
        "record_digest": record_digest(recipe, trained),
        "cached_stages": ", ".join(step.name for step in steps if step.cached) or "none",
    }


def version_tags(scores: Evaluation) -> dict[str, str]:
    """The figures of a version, by which a champion is chosen."""
    return {
        "accuracy": f"{scores.accuracy:.4f}",
        "average_position": f"{scores.average_position:.3f}",
        "n": str(scores.n),
    }


def describe_dataset(
    workspace: Workspace, recipe: Recipe, digest: str, counts: dict[str, dict[str, int]]
) -> dict[str, str]:
    """Which pictures the run saw, in MLflow's words: digest, and counts by class and split."""
    # as real numbers: MLflow warns of each column of whole ones
    table = pd.DataFrame(counts).T.astype(float).rename_axis("label").reset_index()
    source = CodeDatasetSource({"manifest": str(workspace.manifest)})
    return from_pandas(table, source, name=recipe.name, digest=digest[:32]).to_dict()


def record_digest(recipe: Recipe, trained: Trained) -> str:
    """SHA-256 of all that a run would log but times: the same digest, the same record."""
    scores, model = trained.scores.result, trained.model.result
    files = sorted(model.blobs().values())
    return digest_json([recipe.digest, trained.pictures.digest, scores.digest, files])


def common_tags(recipe: Recipe, stage: str) -> dict[str, str]:
    """The tags of every run of a recipe; `stage` says what kind of run it is."""
    return {
        # among them is where git fetches from, often with a token
        **{name: redact(str(value)) for name, value in resolve_tags().items()},
        **commit_tags(CODE),
        "stage": stage,
        "recipe": recipe.name,
        "recipe_digest": recipe.digest,
        "foodcls_version": __version__,
        # what MLflow's list of runs shows as the run's source
        "mlflow.source.name": "foodcls",
    }


def run_figures(trained: Trained, steps: Sequence[StageResult[Any]]) -> Iterator[Figure]:
    """Each epoch's figures, then the final ones, then counts and seconds by stage."""
    yield from model_figures(trained.checkpoint.result, trained.scores.result)
    for name, value in trained.own_figures.items():
        yield name, value, 0
    for name, counts in stage_counts(steps).items():
        yield f"stage/{name}_kept", counts["kept"], 0
        yield f"stage/{name}_dropped", counts["dropped"], 0
    for name, seconds in stage_seconds(steps).items():
        yield f"stage/{name}_seconds", seconds, 0


def model_figures(checkpoint: Checkpoint, scores: Evaluation) -> Iterator[Figure]:
    """Each epoch's figures, then the final ones."""
    for report in checkpoint.reports:
        yield from ((name, getattr(report, name), report.epoch) for name in EPOCH_FIGURES)
    for name, value in final_figures(checkpoint, scores).items():
        yield name, value, 0


def final_figures(checkpoint: Checkpoint, scores: Evaluation) -> dict[str, float]:
    """The figures that runs are compared by."""
    best = checkpoint.best
    figures = {
        **scores.headline,
        "best_epoch": best.epoch,
        # beside those of the last epoch, which have the same names without `best_`
        **{f"best_{name}": getattr(best, name) for name in EPOCH_FIGURES},
    }
    names = metric_names([score.label for score in scores.per_class])
    recalls = {
        f"recall/{name}": score.recall
        for name, score in zip(names, scores.per_class, strict=True)
        if score.recall is not None
    }
    return {name: float(value) for name, value in (figures | recalls).items()}


def metric_names(labels: Sequence[str]) -> list[str]:
    """Class names as metrics may be called: `_` for other characters, a number if two are alike."""
    plain = [re.sub(r"[^\w\-. ]", "_", label) for label in labels]
    return [
        f"{name}-{number}" if plain.count(name) > 1 else name
        for number, name in enumerate(plain, start=1)
    ]


def ablation_tags(recipe: Recipe, table: Ablation) -> dict[str, str]:
    """What the run of a whole ablation is found by again."""
    return {
        **common_tags(recipe, "ablation"),
        "mlflow.note.content": ablation_table(table),
    }


def trial_tags(recipe: Recipe, trial: Trial) -> dict[str, str]:
    """What a row of an ablation is found by again."""
    return {
        **common_tags(recipe, "ablation row"),
        "dataset": trial.name,
        "dataset_digest": trial.pictures.result.digest,
        "pretrained_digest": trial.checkpoint.result.pretrained_digest,
    }


def trial_figures(trial: Trial) -> Iterator[Figure]:
    """What a row of an ablation is compared by."""
    yield from model_figures(trial.checkpoint.result, trial.scores.result)
    yield "stage/trained_on", trial.checkpoint.result.train_count, 0


def commit_tags(folder: Path) -> dict[str, str]:
    """Tags with the commit that `folder` is at, and whether it was changed since; none without."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    # what MLflow's list of runs shows as the run's version
    tags = {"mlflow.source.git.commit": commit}
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return tags | {"git_changed": "true"} if changes else tags


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words],
            capture_output=True,
            text=True,
            timeout=GIT_PATIENCE,
            check=True,
        )
    # no git, no repository, or one that belongs to another user
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
