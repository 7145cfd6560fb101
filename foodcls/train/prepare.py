"""Prepares a training: the trainable part of the network, its datasets and its optimizer."""

import dataclasses
import logging
from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import convert_conv2d_weight_memory_format

from foodcls.features.activations import cacheable_partition
from foodcls.features.row_cache import FeatureCache
from foodcls.network.network import Network
from foodcls.network.partition import Partition
from foodcls.network.precision import choose_precision
from foodcls.recipe.train_settings import Train
from foodcls.train.class_balance import class_weights
from foodcls.train.dataset import InputSpec, TrainVal, load_datasets
from foodcls.train.learner import Learner, choose_device, start_learner
from foodcls.train.online_augment import RandomAffine
from foodcls.train.views import training_views, validation_views

log = logging.getLogger(__name__)


def prepare_learner(
    network: Network,
    settings: Train,
    labels: Sequence[str],
    splits: Sequence[pd.DataFrame],
    feature_cache: FeatureCache,
) -> tuple[Learner, TrainVal]:
    """A network on its device with what trains it, and what its tail reads of each picture.

    `splits` are the rows of train, val and, where there are some, own.
    """
    device = choose_device(settings.device)
    precision = choose_precision(settings.precision, device)
    train_count, val_count, *own = map(len, splits)
    looks = (train_count + sum(own)) * len(training_views(settings)) + val_count
    partition = choose_partition(network, settings, precision, looks, feature_cache)
    network.to(device)
    partition.to(device)
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    spec = InputSpec(partition, settings.input_size, precision)
    train_val = load_train_val(splits, labels, settings, spec, feature_cache)
    weights = loss_weights(train_val, settings)
    group = feature_cache.group
    tail: nn.Module = partition.tail
    if group.size > 1 and settings.method != "probe":
        # batch statistics are the same in all processes, see network.whole_batch
        tail = DistributedDataParallel(tail, forward_sync_buffers=False)
    return start_learner(network, tail, settings, precision, weights, group), train_val


def load_train_val(
    splits: Sequence[pd.DataFrame],
    labels: Sequence[str],
    settings: Train,
    spec: InputSpec,
    feature_cache: FeatureCache,
) -> TrainVal:
    """Load train, val and, where given, own as the recipe's target has them.

    Augmentation changes training alone.
    """
    augment = settings.extras.augment
    learning = dataclasses.replace(
        spec,
        changes=training_views(settings),
        augment=RandomAffine(augment, settings.seed) if augment else None,
    )
    judging = dataclasses.replace(spec, changes=validation_views(settings))
    # own photos look as the model will be used already
    as_used = dataclasses.replace(learning, changes=(None, *learning.changes[1:]))
    parts = zip(splits, (learning, judging, as_used), strict=False)
    used = [part for part in parts if len(part[0])]
    train, val, *own = load_datasets(used, labels, feature_cache)
    return TrainVal(train, val, len(labels), *own)


def choose_partition(
    network: Network, settings: Train, precision: str, count: int, feature_cache: FeatureCache
) -> Partition:
    """The frozen trunk that runs once for each of `count` looks, and the trainable tail.

    There is no trunk where pictures change from epoch to epoch, and where the cache has no room.
    """
    if settings.extras.augment:
        log.info("augmentation is online: the frozen layers run in each epoch")
        return Partition(trunk=None, tail=network)
    return cacheable_partition(network, settings.input_size, precision, count, feature_cache)


def loss_weights(train_val: TrainVal, settings: Train) -> Tensor | None:
    """float32 (C,): how much each class weighs in the loss; None if all weigh alike."""
    if settings.extras.balance != "weights":
        return None
    return torch.from_numpy(class_weights(train_val.train.targets, train_val.classes))
