"""The model half as cached tasks: from a split manifest to an exported file."""

import logging
import math

from foodcls.evaluate.calibrate import calibrate as calibrate_checkpoint
from foodcls.evaluate.evaluate import evaluate as evaluate_checkpoint
from foodcls.export.export import ExportedRef
from foodcls.export.export import export as export_checkpoint
from foodcls.export.rehearse import rehearse
from foodcls.manifest import ManifestRef, SplitsRef, load_manifest, load_splits
from foodcls.metrics.evaluation import Evaluation
from foodcls.recipe.data_settings import Test as OutsideTest
from foodcls.recipe.train_settings import Inference, Train
from foodcls.split.test_groups import group_tests
from foodcls.train.checkpoint import Checkpoint, EpochReport
from foodcls.train.dataset import split_rows
from foodcls.train.resume import checkpoint_files
from foodcls.train.train import OnEpoch
from foodcls.train.train import train as train_network
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import Meter, bars, spell_time
from tasks.engine.stage import stage

log = logging.getLogger("foodcls.stages")


@stage("foodcls.export.rehearse", name="check")
def check_training(workspace: Workspace, settings: Train) -> str:
    """Make sure of backbone, weights, trainable layers and export before pictures are collected."""
    return rehearse(settings)


def forget_epochs(workspace: Workspace, checkpoint: Checkpoint) -> None:
    """Delete what this training, had it been killed, would have gone on from."""
    checkpoint_files(workspace.pixels, checkpoint).delete()


def tell_epochs(settings: Train) -> OnEpoch:
    """Log a line for each epoch, those from before a kill too; show how many are over."""
    meter, seconds = Meter(settings.epochs, "epochs"), list[float]()
    most = 60 * (settings.max_minutes or math.inf)

    def tell(report: EpochReport) -> None:
        seconds.append(report.seconds)
        spent = sum(seconds)
        left = min(spent / len(seconds) * (settings.epochs - report.epoch), max(0, most - spent))
        log.info(
            "epoch %d of %d: loss %.3f, validation accuracy %.3f, %.1f s, %s left",
            report.epoch, settings.epochs, report.train_loss, report.val_accuracy, report.seconds,
            spell_time(left),
        )  # fmt: skip
        meter.show(report.epoch)

    return tell


@stage("foodcls.train.train", reads=("train", "val"), after=forget_epochs)
def train(
    workspace: Workspace, pictures: SplitsRef, labels: tuple[str, ...], settings: Train
) -> Checkpoint:
    """Train on the split "train", choose the epoch by "val"."""
    manifest = load_splits(pictures, workspace.store)
    return train_network(
        manifest, workspace.store, labels, settings, workspace.pixels, bars, tell_epochs(settings)
    )


@stage("foodcls.evaluate.calibrate", reads=("val",))
def calibrate(
    workspace: Workspace,
    checkpoint: Checkpoint,
    pictures: SplitsRef,
    settings: Inference,
    *,
    limit: float,
) -> Checkpoint:
    """Fit temperature and threshold on the split "val"."""
    manifest = load_splits(pictures, workspace.store)
    return calibrate_checkpoint(
        checkpoint, manifest, workspace.store, workspace.pixels, settings, bars, limit
    )


@stage("foodcls.split.test_groups", name="check groups", reads=("test",))
def check_groups(workspace: Workspace, pictures: SplitsRef, test: OutsideTest | None) -> int:
    """Make sure before training that the table of groups fits the test pictures; count them."""
    grouped = group_tests(load_splits(pictures, workspace.store), test)
    return int(split_rows(grouped, "test")["cluster"].nunique())


@stage("foodcls.evaluate.evaluate", "foodcls.split.test_groups", reads=("test",))
def evaluate(
    workspace: Workspace,
    checkpoint: Checkpoint,
    pictures: SplitsRef,
    test: OutsideTest | None,
    *,
    limit: float,
) -> Evaluation:
    """Judge the checkpoint on the split "test"."""
    grouped = group_tests(load_splits(pictures, workspace.store), test)
    return evaluate_checkpoint(
        checkpoint,
        grouped,
        workspace.store,
        workspace.pixels,
        track=bars,
        limit=limit,
    )


@stage("foodcls.export.export")
def export(
    workspace: Workspace, checkpoint: Checkpoint, pictures: ManifestRef, recipe: str, digest: str
) -> ExportedRef:
    """Write the .pt and the .pt2 file, once both answer as the checkpoint does."""
    provenance = {"recipe": recipe, "recipe_digest": digest, "dataset_digest": pictures.digest}
    return export_checkpoint(
        checkpoint, load_manifest(pictures, workspace.store), workspace.store, provenance
    )
