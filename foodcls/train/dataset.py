"""Turns the training and validation rows of a manifest into datasets: inputs and targets."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from foodcls.errors import TrainingError
from foodcls.features.activations import as_activations, load_activations
from foodcls.features.pixels import Change, Decoded, cache_pixels, decode_rows
from foodcls.features.row_cache import Array, CachedRows, FeatureCache
from foodcls.metrics.ranks import Floats, Ints, number_groups
from foodcls.network.partition import Partition
from foodcls.network.resize import as_images
from foodcls.store.store import digest_json
from foodcls.work.process_group import ALONE, ProcessGroup

log = logging.getLogger(__name__)

# of pixels (n, S, S, 3) uint8, at some indices (n,), in an epoch; not by the name of the class, as
# the code of augmentation belongs to no evaluation's key
Augment = Callable[[Array, Array, int], Array]


@dataclass(frozen=True)
class Dataset:
    """N examples: what the network's tail reads of each picture, and the picture's class."""

    inputs: tuple[CachedRows | Decoded, ...]  # pixels or activations: all that the tail takes
    targets: Ints  # int64 (N,), 0 to C - 1
    names: tuple[str, ...]  # of the pictures, for messages
    augment: Augment | None = None  # changes pixels anew in each epoch
    clusters: tuple[str, ...] = ()  # of look-alikes; none if each example is one of its own

    @property
    def cluster_numbers(self) -> Ints:
        """int64 (N,), from 0 on: the same for look-alikes."""
        return number_groups(self.clusters or [""] * len(self))

    @property
    def cluster_weights(self) -> Floats:
        """float64 (N,), of sum 1: what each example counts if all clusters count the same."""
        numbers = self.cluster_numbers
        weights = 1 / np.bincount(numbers)[numbers]
        return np.asarray(weights / weights.sum(), np.float64)

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: Array, epoch: int) -> list[Tensor]:
        """The tail's inputs for the examples at `indices`, int64 (n,), as they are in this epoch.

        Each is uint8 (n, 3, S, S), or the trunk's activations (n, ...) in float32 or bfloat16.
        """
        taken = [rows.take(indices) for rows in self.inputs]
        if self.augment:
            taken = [self.augment(pixels, indices, epoch) for pixels in taken]
        return [as_images(one) if one.dtype == np.uint8 else as_activations(one) for one in taken]


@dataclass(frozen=True)
class TrainVal:
    """The training set, the validation set, the number of classes C, and own photos, if any."""

    train: Dataset
    val: Dataset
    classes: int
    own: Dataset | None = None


@dataclass(frozen=True)
class InputSpec:
    """How pictures become the inputs of a network's tail."""

    partition: Partition
    size: int  # pixels a side
    precision: str = "fp32"
    changes: tuple[Change, ...] = (None,)  # looks at each picture, the same in each epoch
    augment: Augment | None = None  # another change in each epoch


def load_dataset(
    rows: pd.DataFrame, labels: Sequence[str], spec: InputSpec, feature_cache: FeatureCache
) -> Dataset:
    """Decode the rows' pictures and run the trunk over them, as far as that is not cached.

    There are as many examples as rows for each of the spec's changes, one change after the other.
    """
    return load_datasets([(rows, spec)], labels, feature_cache)[0]


def load_datasets(
    parts: Sequence[tuple[pd.DataFrame, InputSpec]],
    labels: Sequence[str],
    feature_cache: FeatureCache,
) -> list[Dataset]:
    """`load_dataset` for the rows of each part, all at once; the partition is that of the first."""
    decoded = [decode_rows(rows, feature_cache.store, spec.size, spec.changes)
               for rows, spec in parts]  # fmt: skip
    looks = tuple(chain.from_iterable(one.looks for one in decoded))
    inputs = _load_inputs(replace(decoded[0], looks=looks), parts[0][1], feature_cache)
    stops = np.cumsum([len(one) for one in decoded])
    found = []
    for (rows, spec), stop, one in zip(parts, stops, decoded, strict=True):
        # all looks at a picture, which is decoded once for them, lie beside each other there
        order = np.arange(stop - len(one), stop).reshape(len(rows), -1).T.ravel()
        views = len(spec.changes)
        found.append(Dataset(
            inputs=tuple(kind.pick(order) for kind in inputs),
            targets=np.tile(encode_labels(rows, labels), views),
            names=tuple(rows["id"].str.slice(0, 12) + " " + rows["origin"]) * views,
            augment=spec.augment,
            clusters=tuple(rows["cluster"]) * views,
        ))  # fmt: skip
    return found


def _load_inputs(
    decoded: Decoded, spec: InputSpec, feature_cache: FeatureCache
) -> tuple[CachedRows | Decoded, ...]:
    if spec.partition.trunk is None:
        return (cache_pixels(decoded, feature_cache),)
    return load_activations(spec.partition, decoded, feature_cache, spec.precision)


def predict_all(
    forward: Callable[[list[Tensor]], Tensor],
    dataset: Dataset,
    batch_size: int,
    group: ProcessGroup = ALONE,
) -> tuple[float, Floats]:
    """The mean cross entropy in nats, and the probabilities, float64 (N, C), of all examples.

    `forward` maps the inputs of n examples to logits (n, C).
    """
    logits = run_all(forward, dataset, batch_size, group)
    loss = functional.cross_entropy(logits, torch.from_numpy(dataset.targets))
    return float(loss), logits.softmax(1).numpy()


@torch.inference_mode()
def run_all(
    forward: Callable[[list[Tensor]], Tensor],
    dataset: Dataset,
    batch_size: int,
    group: ProcessGroup = ALONE,
) -> Tensor:
    """The outputs of `forward` for all examples, float64 (N, K).

    Each process of a group runs some of the batches that one would run, and gets all outputs.
    """
    indices, starts = np.arange(len(dataset)), range(0, len(dataset), batch_size)
    parts = [
        forward(dataset.take(indices[start : start + batch_size], epoch=0)).cpu()
        for start in starts[group.part(len(starts))]
    ]
    return torch.cat(group.gather(parts)).double()


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
