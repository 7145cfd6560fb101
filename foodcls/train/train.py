"""The training stage: turns a manifest into the checkpoint of the best epoch."""

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import chain
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import save as save_safetensors

from foodcls.errors import TrainingError
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import LEARNT, split_rows
from foodcls.network.backbones import Backbone
from foodcls.network.licenses import weights_license
from foodcls.network.network import (
    count_views,
    head_units,
    start_network,
    with_own_size,
)
from foodcls.network.winograd import winograd_convolutions
from foodcls.progress import Track, count, silent
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.train.budget import Budget, explain_out_of_memory, start_budget
from foodcls.train.checkpoint import Checkpoint, EpochReport
from foodcls.train.dataset import TrainVal, check_splits, data_digest
from foodcls.train.learner import Learner
from foodcls.train.loop import count_epochs, fit
from foodcls.train.lr_search import settle_lr
from foodcls.train.method import list_idle, settle_method
from foodcls.train.prepare import prepare_learner
from foodcls.train.resume import (
    CheckpointFiles,
    Tensors,
    capture_state,
    checkpoint_files,
    contiguous_copies,
    evaluated_tensors,
    restore_state,
)
from foodcls.work.memory import retain_freed_memory
from foodcls.work.process_group import ALONE, ProcessGroup

log = logging.getLogger(__name__)

OnEpoch = Callable[[EpochReport], None]


def train(
    manifest: pd.DataFrame,
    store: Store,
    labels: Sequence[str],
    settings: Train,
    cache: Path,
    track: Track = silent,
    on_epoch: OnEpoch | None = None,
    group: ProcessGroup = ALONE,
) -> Checkpoint:
    """Train on the kept rows of split "train", choose the epoch on "val"; "test" is never read.

    Of the split "own" a probe learns last, see train.own.

    As with early stopping, the weights of the best epoch by validation accuracy are kept, but all
    epochs run unless `settings.max_minutes` are over. Pixels, activations and the last epochs are
    kept in `cache`, where a killed training resumes: delete its `checkpoint_files` once the
    checkpoint is kept. `on_epoch` is called after each epoch, also for those before the kill.

    Processes of a `group` share the batches of one training, and the first of them gives and
    writes its outcome: a probe is bit for bit that of one process with as many threads, fine-tuning
    the same up to the order of sums.
    """
    settings = settle_method(with_own_size(settings), manifest)
    budget = start_budget(settings.max_minutes).shared(group)
    splits = train_rows, val_rows, own_rows = [split_rows(manifest, name) for name in LEARNT]
    check_splits(train_rows, val_rows, labels)
    if len(own_rows) and settings.method != "probe":
        raise TrainingError(f"own photos are learnt from by method probe, not {settings.method}")
    feature_cache = FeatureCache(store, cache, track, settings.cache_bytes, group)
    backbone, network = start_network(settings, len(labels))
    if idle := list_idle(settings):
        log.warning("a probe takes no steps: train.%s does nothing", ", ".join(idle))
    found = {"trainable": network.trainable_names, "hidden_units": head_units(settings),
             "epochs": count_epochs(settings)}  # fmt: skip
    settings = settings.model_copy(update=found)
    _tell_plan(settings, len(train_rows) + len(own_rows))
    with retain_freed_memory(), explain_out_of_memory(settings.batch_size):
        learner, train_val = prepare_learner(network, settings, labels, splits, feature_cache)
        with winograd_convolutions(network) if learner.is_fp32_cpu else nullcontext():
            computed = {"device": learner.device.type, "precision": learner.precision}
            begun = partial(_draft_checkpoint, labels, backbone, computed, splits, group)
            files = checkpoint_files(cache, begun(settings))
            learner, settings, budget = settle_lr(learner, train_val, settings, budget, files)
            draft = begun(settings)
            files = checkpoint_files(cache, draft)
            reports, best = _learn(learner, train_val, settings, files, budget, on_epoch)
    if not group.is_first:
        return draft
    network.load_state_dict(best, strict=False)
    blob = store.put(save_safetensors(contiguous_copies(network.state_dict())), durable=True)
    best_epoch = _best_epoch(reports).epoch
    return dataclasses.replace(draft, weights=blob, best_epoch=best_epoch, reports=reports)


def _tell_plan(settings: Train, count: int) -> None:
    target, answers = settings.target, count_views(settings)
    uses = ", ".join(f"{name} {value}" for name, value in target or () if name != "views")
    words = f", {target.views} views of each for the target: {uses}" if target else ""
    mean = f"; answers are means over {answers} views" if answers > 1 else ""
    log.info("%s on %d training pictures%s%s", settings.method, count, words, mean)
    if settings.trainable:
        log.info("trainable: %s", " ".join(settings.trainable))


def _draft_checkpoint(
    labels: Sequence[str],
    backbone: Backbone,
    computed: Mapping[str, str],
    splits: Sequence[pd.DataFrame],
    group: ProcessGroup,
    settings: Train,
) -> Checkpoint:
    """A checkpoint before the first epoch: its digest names all that the outcome depends on."""
    extras = settings.extras.model_copy(update={"tta": count_views(settings)})
    source = settings.weights if settings.weights in ("imagenet", "none") else "file"
    return Checkpoint(
        weights="",
        labels=tuple(labels),
        settings=settings.model_copy(update={"weights": source, "extras": extras, **computed}),
        pretrained_digest=backbone.pretrained_digest,
        license=weights_license(settings),
        mean=backbone.mean,
        std=backbone.std,
        threads=torch.get_num_threads(),
        best_epoch=0,
        reports=(),
        train_count=len(splits[0]),
        val_count=len(splits[1]),
        own_count=len(splits[2]),
        data_digest=data_digest(*splits),
        # features are the same whoever makes them
        processes=1 if settings.method == "probe" else group.size,
    )


def _learn(
    learner: Learner,
    train_val: TrainVal,
    settings: Train,
    files: CheckpointFiles,
    budget: Budget,
    on_epoch: OnEpoch | None,
) -> tuple[tuple[EpochReport, ...], Tensors]:
    reports: tuple[EpochReport, ...] = ()
    best: Tensors = {}
    group = learner.group
    if state := group.agree(files.load):
        restore_state(learner, state)
        reports, best = state.reports, state.best
    count("epochs", anew=count_epochs(settings) - len(reports), recalled=len(reports))
    left = budget.less(sum(report.seconds for report in reports))
    is_cut = False

    def is_over() -> bool:
        nonlocal is_cut
        is_cut = left.is_over()
        return is_cut

    learning = fit(learner, train_val, settings, len(reports) + 1, is_over=is_over)
    # an epoch is written while the next one trains
    with files.background_writer() if group.is_first else nullcontext(lambda state: None) as save:
        for report in chain(reports, learning):
            if report.epoch > len(reports):
                reports = (*reports, report)
                is_best = _best_epoch(reports) is report
                save(capture_state(learner, reports, {} if is_best else best))
                best = evaluated_tensors(learner) if is_best else best
            if on_epoch:
                on_epoch(report)
    if is_cut:
        log.warning(
            "train.max_minutes = %g are over in epoch %d of %d; the best so far is epoch %d",
            settings.max_minutes, len(reports), count_epochs(settings), _best_epoch(reports).epoch,
        )  # fmt: skip
    return reports, best


def _best_epoch(reports: Sequence[EpochReport]) -> EpochReport:
    return max(reports, key=lambda report: (report.val_accuracy, -report.val_loss, -report.epoch))
