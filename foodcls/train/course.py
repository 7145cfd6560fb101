"""Turns two splits into what is learnt from, and what the best epoch is chosen by."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from foodcls.network.network import Network
from foodcls.network.partition import Halves
from foodcls.recipe.train_settings import Train
from foodcls.train.activations import keep_trunk
from foodcls.train.background import choose_background
from foodcls.train.class_balance import class_weights
from foodcls.train.dataset import Examples, Reading, load_examples
from foodcls.train.online_augment import Mover
from foodcls.train.shelf import Shelf

log = logging.getLogger(__name__)


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
