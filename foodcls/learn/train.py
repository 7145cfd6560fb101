"""Turns the training and validation rows of a manifest into the checkpoint of the best epoch."""

import dataclasses
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from foodcls.errors import StoreError
from foodcls.judge.epochs import EpochReport
from foodcls.learn.backbones import Backbone, make_backbone
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.examples import (
    Shelf,
    check_splits,
    examples_digest,
    load_examples,
    split_rows,
)
from foodcls.learn.fit import Course, Learner, choose_device, fit, start_learner
from foodcls.learn.halves import split_network
from foodcls.learn.network import Network, make_head
from foodcls.learn.resume import Diary, Tensors, learnt_tensors, restore_learner, take_progress
from foodcls.progress import Track, silent
from foodcls.settings import Train
from foodcls.store import Store, digest_of

Listener = Callable[[EpochReport], None]


def train(
    manifest: pd.DataFrame,
    store: Store,
    labels: Sequence[str],
    settings: Train,
    cache: Path,
    track: Track = silent,
    on_epoch: Listener | None = None,
) -> Checkpoint:
    """Train on the kept rows of split "train", choose the epoch on "val"; "test" is never read.

    Pixels, activations and the last epochs are kept in `cache`, where a killed training is taken
    up again. `on_epoch` hears of each epoch, of those before the kill too.
    """
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    check_splits(*splits, labels)
    size = settings.input_size
    backbone, network = start_network(settings, len(labels))
    halves = split_network(network, size)
    network.to(choose_device(settings.device))
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    shelf = Shelf(store, cache, track)
    course = Course(*(load_examples(rows, labels, halves, size, shelf) for rows in splits))
    plan = _plan(settings, labels, backbone, network, splits)
    diary = Diary(cache, plan.digest)
    learner = start_learner(network, halves.tail, settings.lr)
    reports, best = _learn(learner, course, settings, diary, on_epoch)
    network.load_state_dict(best, strict=False)
    weights = store.put(save_safetensors(_whole_state(network)))
    diary.forget()
    return dataclasses.replace(
        plan, weights=weights, best_epoch=_best_epoch(reports).epoch, reports=reports
    )


def start_network(settings: Train, classes: int) -> tuple[Backbone, Network]:
    """The untrained network of a recipe, with its pretrained weights.

    WeightsError or InputError when backbone, weights or trainable names cannot be had: called
    before the pictures are collected, it spares hours.
    """
    backbone = make_backbone(
        settings.backbone, settings.weights, settings.input_size, settings.seed
    )
    head = make_head(backbone.features, settings.head, classes, settings.dropout, settings.seed)
    return backbone, Network(backbone, head, settings.trainable)


def load_network(checkpoint: Checkpoint, store: Store) -> Network:
    """Build the network of a checkpoint on the processor, for evaluation; its blob is verified."""
    data = store.read(checkpoint.weights)
    if digest_of(data) != checkpoint.weights:
        raise StoreError(f"{store.where(checkpoint.weights)} is damaged; delete it and train again")
    bare = make_backbone(checkpoint.backbone, "none", checkpoint.input_size)
    backbone = dataclasses.replace(bare, mean=checkpoint.mean, std=checkpoint.std)
    head = make_head(
        backbone.features, checkpoint.head, len(checkpoint.labels), checkpoint.dropout, 0
    )
    network = Network(backbone, head, checkpoint.trainable)
    try:
        network.load_state_dict(load_safetensors(data))
    except (RuntimeError, SafetensorError) as error:
        raise StoreError(f"the weights do not fit their checkpoint: {error}") from error
    return network.eval()


def _plan(
    settings: Train,
    labels: Sequence[str],
    backbone: Backbone,
    network: Network,
    splits: Sequence[pd.DataFrame],
) -> Checkpoint:
    """All that a training depends on: a checkpoint before the first epoch."""
    source = settings.weights if settings.weights in ("imagenet", "none") else "file"
    return Checkpoint(
        weights="",
        labels=tuple(labels),
        backbone=settings.backbone,
        pretrained=source,
        pretrained_digest=backbone.pretrained_digest,
        trainable=tuple(settings.trainable),
        head=settings.head,
        dropout=settings.dropout,
        input_size=settings.input_size,
        mean=backbone.mean,
        std=backbone.std,
        lr=settings.lr,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        seed=settings.seed,
        device=network.mean.device.type,
        threads=torch.get_num_threads(),
        best_epoch=0,
        reports=(),
        train_count=len(splits[0]),
        val_count=len(splits[1]),
        data_digest=examples_digest(*splits),
    )


def _learn(
    learner: Learner,
    course: Course,
    settings: Train,
    diary: Diary,
    on_epoch: Listener | None,
) -> tuple[tuple[EpochReport, ...], Tensors]:
    reports: tuple[EpochReport, ...] = ()
    best: Tensors = {}
    if progress := diary.load():
        restore_learner(learner, progress)
        reports, best = progress.reports, progress.best
    for report in chain(reports, fit(learner, course, settings, len(reports) + 1)):
        if report.epoch > len(reports):
            reports = (*reports, report)
            best = learnt_tensors(learner) if _best_epoch(reports) is report else best
            diary.save(take_progress(learner, reports, best))
        if on_epoch:
            on_epoch(report)
    return reports, best


def _best_epoch(reports: Sequence[EpochReport]) -> EpochReport:
    return max(reports, key=lambda report: (report.val_accuracy, -report.val_loss, -report.epoch))


def _whole_state(network: Network) -> dict[str, Tensor]:
    return {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
