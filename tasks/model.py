"""The model half as cached tasks: from a split manifest to an exported file.

Tasks import what they call: a run whose results are all there does not wait for torch.
"""

import logging
import math
import os
from collections.abc import Callable

from foodcls.export.exported_files import ExportedRef
from foodcls.manifest import (
    LEARNT,
    ManifestRef,
    SplitsRef,
    load_manifest,
    load_splits,
    split_rows,
)
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.own_worth import OwnWorth
from foodcls.recipe.data_settings import Own
from foodcls.recipe.data_settings import Test as OutsideTest
from foodcls.recipe.train_settings import Export, Inference, Train
from foodcls.split.test_groups import group_tests
from foodcls.train.checkpoint import Checkpoint, EpochReport
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import Meter, bars, open_features, spell_time
from tasks.engine.stage import stage
from tasks.trainers.launch import TRAINERS, TrainingJob, read_trainers, train_over

log = logging.getLogger("foodcls.stages")

# what tells export with which pictures it compares its files
JUDGED = ("label", "cluster", "state", "picture", "split")


@stage("foodcls.export.rehearse", name="check")
def check_training(workspace: Workspace, settings: Train) -> str:
    """Check backbone, weights, trainable layers and export before pictures are collected."""
    from foodcls.export.rehearse import rehearse

    return rehearse(settings)


def forget_epochs(workspace: Workspace, checkpoint: Checkpoint) -> None:
    """Delete the saved epochs that this training would have resumed from, had it been killed."""
    if any(workspace.pixels.glob("training-*")):
        from foodcls.train.resume import checkpoint_files

        checkpoint_files(workspace.pixels, checkpoint).delete()


def tell_epochs(settings: Train) -> Callable[[EpochReport], None]:
    """Log a line for each epoch, those from before a kill too; show how many are over."""
    from foodcls.train.loop import count_epochs

    epochs = count_epochs(settings)
    meter, seconds = Meter(epochs, "epochs"), list[float]()
    most = 60 * (settings.max_minutes or math.inf)

    def tell(report: EpochReport) -> None:
        seconds.append(report.seconds)
        spent = sum(seconds)
        left = min(spent / len(seconds) * (epochs - report.epoch), max(0, most - spent))
        log.info(
            "epoch %d of %d: loss %.3f, validation accuracy %.3f, %.1f s, %s left",
            report.epoch, epochs, report.train_loss, report.val_accuracy, report.seconds,
            spell_time(left),
        )  # fmt: skip
        meter.show(report.epoch)

    return tell


@stage("foodcls.train.train", reads=LEARNT, after=forget_epochs)
def train(
    workspace: Workspace, pictures: SplitsRef, labels: tuple[str, ...], settings: Train
) -> Checkpoint:
    """Train on the split "train", choose the epoch by "val", learn from "own" last."""
    from foodcls.train.method import settle_method

    manifest = load_splits(pictures, workspace.store)
    settings = settle_method(settings, manifest)
    if trainers := read_trainers(os.environ.get(TRAINERS, "")):
        job = TrainingJob(workspace.store.root, pictures, labels, settings, workspace.pixels)
        return train_over(trainers, job, bars, tell_epochs(settings))
    from foodcls.train.train import train as train_network

    return train_network(
        manifest, workspace.store, labels, settings, workspace.pixels, bars, tell_epochs(settings)
    )


@stage("foodcls.evaluate.calibrate", reads=("val", "filtered"))
def calibrate(
    workspace: Workspace,
    checkpoint: Checkpoint,
    pictures: SplitsRef,
    settings: Inference,
    *,
    limit: float,
) -> Checkpoint:
    """Fit temperature, threshold and rejection on the split "val" and on strangers."""
    from foodcls.evaluate.calibrate import calibrate as calibrate_checkpoint

    manifest = load_splits(pictures, workspace.store)
    return calibrate_checkpoint(checkpoint, manifest, open_features(workspace, limit), settings)


@stage("foodcls.split.test_groups", name="check groups", reads=("test",))
def check_groups(workspace: Workspace, pictures: SplitsRef, test: OutsideTest | None) -> int:
    """Make sure before training that the table of groups fits the test pictures; count them."""
    grouped = group_tests(load_splits(pictures, workspace.store), test)
    return int(split_rows(grouped, "test")["cluster"].nunique())


@stage("foodcls.evaluate.evaluate", "foodcls.split.test_groups", reads=("test", "filtered"))
def evaluate(
    workspace: Workspace,
    checkpoint: Checkpoint,
    pictures: SplitsRef,
    test: OutsideTest | None,
    *,
    limit: float,
) -> Evaluation:
    """Judge the checkpoint on the split "test"."""
    from foodcls.evaluate.evaluate import evaluate as evaluate_checkpoint

    grouped = group_tests(load_splits(pictures, workspace.store), test)
    return evaluate_checkpoint(checkpoint, grouped, open_features(workspace, limit))


@stage("foodcls.evaluate.own_photos", "foodcls.split.test_groups", name="own", reads=LEARNT)
def judge_own(
    workspace: Workspace,
    checkpoint: Checkpoint,
    pictures: SplitsRef,
    settings: Own,
    *,
    limit: float,
) -> OwnWorth | None:
    """Say how far the crawl is from own photos, and what it is worth to learn from them."""
    from foodcls.evaluate.own_photos import judge_own as judge_photos

    manifest = load_splits(pictures, workspace.store)
    return judge_photos(checkpoint, manifest, open_features(workspace, limit), settings)


def tell_refused(workspace: Workspace, exported: ExportedRef) -> None:
    """Warn of formats that the recipe asks for and that are not kept."""
    for reason in exported.refused:
        log.warning("%s", reason)


@stage("foodcls.export.export", after=tell_refused)
def export(
    workspace: Workspace,
    checkpoint: Checkpoint,
    pictures: ManifestRef,
    recipe: str,
    digest: str,
    settings: Export,
) -> ExportedRef:
    """Write the files of the recipe's formats, once they answer as the checkpoint does."""
    from foodcls.export.export import export as export_checkpoint

    provenance = {"recipe": recipe, "recipe_digest": digest, "dataset_digest": pictures.digest}
    manifest = load_manifest(pictures, workspace.store, JUDGED)
    return export_checkpoint(checkpoint, manifest, workspace.store, provenance, settings)
