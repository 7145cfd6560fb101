"""Turns manifest rows of one split into what a network's tail reads and should answer."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from foodcls.errors import TrainingError
from foodcls.manifest import kept_rows
from foodcls.metrics.ranks import Floats, Ints
from foodcls.network.network import Network
from foodcls.network.partition import Halves
from foodcls.recipe.train_settings import Train
from foodcls.store.store import digest_json
from foodcls.train.activations import as_activations, keep_trunk, load_activations
from foodcls.train.class_balance import class_weights
from foodcls.train.online_augment import Mover, choose_background
from foodcls.train.pixels import Changed, as_images, decode_rows, keep_pixels
from foodcls.train.row_cache import Array, Shelf

log = logging.getLogger(__name__)


class Rows(Protocol):
    """Long arrays of which a few rows are taken at a time."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    def take(self, places: Array) -> Array:
        """A new array of the rows at these places."""
        ...


class Moving(Protocol):
    """Changes pixels anew in each epoch."""

    def move(self, pixels: Array, places: Array, epoch: int) -> Array:
        """The pixels of the examples at these places, as they are in this epoch."""
        ...


@dataclass(frozen=True)
class Examples:
    """What the tail reads of some pictures, and what it should answer."""

    inputs: tuple[Rows, ...]
    targets: Ints  # (N,), 0 to C - 1
    names: tuple[str, ...]  # to point at a picture
    mover: Moving | None = None  # changes pixels anew in each epoch

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, places: Array, epoch: int) -> list[Tensor]:
        """The tail's inputs for the examples at these places, as they are in this epoch."""
        taken = [rows.take(places) for rows in self.inputs]
        if self.mover:
            taken = [self.mover.move(pixels, places, epoch) for pixels in taken]
        return [as_images(one) if one.dtype == np.uint8 else as_activations(one) for one in taken]


@dataclass(frozen=True)
class Reading:
    """How pictures become a tail's inputs."""

    halves: Halves
    size: int  # pixels a side
    precision: str = "fp32"
    changed: Changed | None = None  # of the pictures, the same in each epoch
    mover: Moving | None = None  # of the pixels, another in each epoch


def split_rows(manifest: pd.DataFrame, split: str) -> pd.DataFrame:
    """The kept rows of one split, in the manifest's order."""
    kept = kept_rows(manifest)
    return kept[kept["split"] == split]


def load_examples(
    rows: pd.DataFrame, labels: Sequence[str], reading: Reading, shelf: Shelf
) -> Examples:
    """Decode the rows' pictures and run the trunk over them, as far as that is not yet done."""
    decoded = decode_rows(rows, shelf.store, reading.size, reading.changed)
    inputs: tuple[Rows, ...] = (
        load_activations(reading.halves, decoded, shelf, reading.precision)
        if reading.halves.trunk is not None
        else (keep_pixels(decoded, shelf),)
    )
    return Examples(
        inputs=inputs,
        targets=encode_labels(rows, labels),
        names=tuple(rows["id"].str.slice(0, 12) + " " + rows["origin"]),
        mover=reading.mover,
    )


def answer_all(
    answer: Callable[[list[Tensor]], Tensor], examples: Examples, batch_size: int
) -> tuple[float, Floats]:
    """The mean loss of some answers, logits, and the probabilities (N, C)."""
    places = np.arange(len(examples))
    with torch.inference_mode():
        parts = [
            answer(examples.take(places[start : start + batch_size], epoch=0))
            for start in range(0, len(places), batch_size)
        ]
        logits = torch.cat(parts).double().cpu()
        loss = functional.cross_entropy(logits, torch.from_numpy(examples.targets))
        return float(loss), logits.softmax(1).numpy()


def encode_labels(rows: pd.DataFrame, labels: Sequence[str]) -> Ints:
    """The place of each row's label in `labels`; TrainingError for a label that is not there."""
    places = {label: number for number, label in enumerate(labels)}
    unknown = sorted(set(rows["label"]) - set(places))
    if unknown:
        raise TrainingError(
            f"the manifest has pictures of {unknown}, which are not among the classes "
            f"{list(labels)}; add them to the recipe or leave their pictures out"
        )
    return np.array([places[label] for label in rows["label"]], dtype=np.int64)


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


def examples_digest(*splits: pd.DataFrame) -> str:
    """SHA-256 over the ordered pictures and labels of these rows."""
    return digest_json([rows[["picture", "label"]].to_numpy().tolist() for rows in splits])


@dataclass(frozen=True)
class Course:
    """Training examples, validation examples, and the number of classes."""

    train: Examples
    val: Examples
    classes: int


def choose_halves(
    network: Network, settings: Train, precision: str, count: int, shelf: Shelf
) -> Halves:
    """The trunk that runs once for each of `count` pictures, and the tail; or the tail alone.

    There is no trunk where pictures change from epoch to epoch, and where `keep_trunk` has none.
    """
    if settings.extras.augment:
        log.info("augmentation is online: the frozen layers run in each epoch")
        return Halves(trunk=None, tail=network)
    return keep_trunk(network, settings.input_size, precision, count, shelf)


def load_course(
    splits: tuple[pd.DataFrame, pd.DataFrame],
    labels: Sequence[str],
    settings: Train,
    reading: Reading,
    shelf: Shelf,
) -> Course:
    """Read both splits; what changes pictures changes those of training alone."""
    extras, seed = settings.extras, settings.seed
    learning = Reading(
        reading.halves,
        reading.size,
        reading.precision,
        changed=choose_background(extras, seed),
        mover=Mover(extras.augment, seed) if extras.augment else None,
    )
    train, val = (
        load_examples(rows, labels, how, shelf)
        for rows, how in zip(splits, (learning, reading), strict=True)
    )
    return Course(train, val, len(labels))


def loss_weights(course: Course, settings: Train) -> Tensor | None:
    """How much each class weighs in the loss, if they differ."""
    if settings.extras.balance != "weights":
        return None
    return torch.from_numpy(class_weights(course.train.targets, course.classes))
