"""Turns the training and validation rows of a manifest into datasets: inputs and targets."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from foodcls.errors import TrainingError
from foodcls.manifest import kept_rows
from foodcls.metrics.ranks import Floats, Ints
from foodcls.network.network import Network
from foodcls.network.partition import Partition
from foodcls.network.resize import as_images
from foodcls.recipe.train_settings import Train
from foodcls.store.store import digest_json
from foodcls.train.activations import as_activations, cacheable_partition, load_activations
from foodcls.train.class_balance import class_weights
from foodcls.train.online_augment import Background, RandomAffine, choose_background
from foodcls.train.pixels import Decoded, cache_pixels, decode_rows
from foodcls.train.row_cache import Array, CachedRows, FeatureCache

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dataset:
    """N examples: what the network's tail reads of each picture, and the picture's class."""

    inputs: tuple[CachedRows | Decoded, ...]  # pixels or activations: all that the tail takes
    targets: Ints  # int64 (N,), 0 to C - 1
    names: tuple[str, ...]  # of the pictures, for messages
    augment: RandomAffine | None = None  # changes pixels anew in each epoch

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: Array, epoch: int) -> list[Tensor]:
        """The tail's inputs for the examples at `indices`, int64 (n,), as they are in this epoch.

        Each is uint8 (n, 3, S, S), or the trunk's activations (n, ...) in float32 or bfloat16.
        """
        taken = [rows.take(indices) for rows in self.inputs]
        if self.augment:
            taken = [self.augment.apply(pixels, indices, epoch) for pixels in taken]
        return [as_images(one) if one.dtype == np.uint8 else as_activations(one) for one in taken]


@dataclass(frozen=True)
class TrainVal:
    """The training set, the validation set, and the number of classes C."""

    train: Dataset
    val: Dataset
    classes: int


@dataclass(frozen=True)
class InputSpec:
    """How pictures become the inputs of a network's tail."""

    partition: Partition
    size: int  # pixels a side
    precision: str = "fp32"
    background: Background | None = None  # of the pictures, the same in each epoch
    augment: RandomAffine | None = None  # of the pixels, another change in each epoch


def split_rows(manifest: pd.DataFrame, split: str) -> pd.DataFrame:
    """The kept rows of one split, in the manifest's order."""
    kept = kept_rows(manifest)
    return kept[kept["split"] == split]


def load_dataset(
    rows: pd.DataFrame, labels: Sequence[str], spec: InputSpec, feature_cache: FeatureCache
) -> Dataset:
    """Decode the rows' pictures and run the trunk over them, as far as that is not cached."""
    decoded = decode_rows(rows, feature_cache.store, spec.size, spec.background)
    inputs: tuple[CachedRows | Decoded, ...] = (
        load_activations(spec.partition, decoded, feature_cache, spec.precision)
        if spec.partition.trunk is not None
        else (cache_pixels(decoded, feature_cache),)
    )
    return Dataset(
        inputs=inputs,
        targets=encode_labels(rows, labels),
        names=tuple(rows["id"].str.slice(0, 12) + " " + rows["origin"]),
        augment=spec.augment,
    )


def load_train_val(
    splits: tuple[pd.DataFrame, pd.DataFrame],
    labels: Sequence[str],
    settings: Train,
    spec: InputSpec,
    feature_cache: FeatureCache,
) -> TrainVal:
    """Load both splits; the recipe's background and augmentation change training pictures alone."""
    extras, seed = settings.extras, settings.seed
    changing = replace(
        spec,
        background=choose_background(extras, seed),
        augment=RandomAffine(extras.augment, seed) if extras.augment else None,
    )
    train, val = (
        load_dataset(rows, labels, how, feature_cache)
        for rows, how in zip(splits, (changing, spec), strict=True)
    )
    return TrainVal(train, val, len(labels))


def choose_partition(
    network: Network, settings: Train, precision: str, count: int, feature_cache: FeatureCache
) -> Partition:
    """The frozen trunk that runs once for each of `count` pictures, and the trainable tail.

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


def predict_all(
    forward: Callable[[list[Tensor]], Tensor], dataset: Dataset, batch_size: int
) -> tuple[float, Floats]:
    """The mean cross entropy in nats, and the probabilities, float64 (N, C), of all examples.

    `forward` maps the inputs of n examples to logits (n, C).
    """
    indices = np.arange(len(dataset))
    with torch.inference_mode():
        parts = [
            forward(dataset.take(indices[start : start + batch_size], epoch=0))
            for start in range(0, len(indices), batch_size)
        ]
        logits = torch.cat(parts).double().cpu()
        loss = functional.cross_entropy(logits, torch.from_numpy(dataset.targets))
        return float(loss), logits.softmax(1).numpy()


def encode_labels(rows: pd.DataFrame, labels: Sequence[str]) -> Ints:
    """int64 (N,): each row's class, its index in `labels`; TrainingError for an unknown label."""
    indices = {label: number for number, label in enumerate(labels)}
    unknown = sorted(set(rows["label"]) - set(indices))
    if unknown:
        raise TrainingError(
            f"the manifest has pictures of {unknown}, which are not among the classes "
            f"{list(labels)}; add them to the recipe or leave their pictures out"
        )
    return np.array([indices[label] for label in rows["label"]], dtype=np.int64)


def check_splits(train: pd.DataFrame, val: pd.DataFrame, labels: Sequence[str]) -> None:
    """TrainingError when a class has nothing to learn from, or nothing is left to choose by."""
    bare = [label for label in labels if label not in set(train["label"])]
    if bare:
        raise TrainingError(
            f"no training pictures of {', '.join(bare)}; collect more of them, or take the class "
            "out of the recipe"
        )
    if len(val) == 0:
        raise TrainingError("no validation pictures to choose the best epoch by; raise split.val")
    unseen = [label for label in labels if label not in set(val["label"])]
    if unseen:
        log.warning("no validation pictures of %s: they do not count in the choice", unseen)


def data_digest(*splits: pd.DataFrame) -> str:
    """SHA-256 over the ordered pictures and labels of these rows."""
    return digest_json([rows[["picture", "label"]].to_numpy().tolist() for rows in splits])
