"""Cuts an epoch into batches: what is read, and what should be answered."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from foodcls.metrics.ranks import Ints
from foodcls.network.seeds import derive_seed
from foodcls.recipe.train_settings import Train
from foodcls.train.class_balance import balanced_places
from foodcls.train.dataset import Examples
from foodcls.train.row_cache import Array
from foodcls.work.parallel import prefetch


@dataclass(frozen=True)
class Lesson:
    """A batch of examples."""

    number: int  # in the epoch, from 0
    places: Array
    inputs: list[Tensor]
    truth: Tensor  # classes (N,)
    wanted: Tensor  # the same, or shares of classes (N, C)


def epoch_batches(train: Examples, settings: Train, epoch: int) -> list[Array]:
    """The places of an epoch's batches; they depend on seed and epoch alone."""
    if settings.extras.balance == "sampling":
        order = balanced_places(train.targets, settings.seed, epoch)
    else:
        order = shuffled_places(len(train), settings.seed, epoch)
    return cut_batches(order, settings.batch_size)


def give_lessons(
    train: Examples, batches: Iterable[Array], settings: Train, classes: int, epoch: int
) -> Iterator[Lesson]:
    """Read batch after batch, each while the one before it is learnt from."""

    def read(batch: tuple[int, Array]) -> Lesson:
        number, places = batch
        return _read(train, places, settings, classes, epoch, number)

    return prefetch(enumerate(batches), read, 1, 1)


def shuffled_places(count: int, seed: int, epoch: int) -> Ints:
    """All places from 0 to `count` - 1 in a random order."""
    generator = torch.Generator().manual_seed(derive_seed("order", seed, epoch))
    order: Ints = torch.randperm(count, generator=generator).numpy()
    return order


def cut_batches(order: Ints, batch_size: int) -> list[Array]:
    """The places in their order, cut into batches.

    A last batch of one joins the batch before it: batch normalisation needs two.
    """
    bounds = [*range(0, len(order), batch_size), len(order)]
    if len(bounds) > 2 and bounds[-1] - bounds[-2] == 1:
        del bounds[-2]
    return [order[start:stop] for start, stop in pairwise(bounds)]


def _read(
    train: Examples, places: Array, settings: Train, classes: int, epoch: int, number: int
) -> Lesson:
    inputs, truth = train.take(places, epoch), torch.from_numpy(train.targets[places])
    wanted, alpha = truth, settings.extras.mixup
    if alpha:
        seed = derive_seed("mixup", settings.seed, epoch, number)
        inputs, wanted = blend(inputs, functional.one_hot(truth, classes).float(), alpha, seed)
    return Lesson(number, places, inputs, truth, wanted)


def blend(
    inputs: Sequence[Tensor], targets: Tensor, alpha: float, seed: int
) -> tuple[list[Tensor], Tensor]:
    """Each example with another of the batch, in shares drawn once from Beta(alpha, alpha).

    `targets` are shares of classes, (N, C). What lies behind a frozen trunk is blended there.
    """
    draw = np.random.default_rng(seed)
    share = float(draw.beta(alpha, alpha))
    others = torch.from_numpy(draw.permutation(len(targets))).to(targets.device)
    mixed = [torch.lerp(one[others].float(), one.float(), share) for one in inputs]
    return mixed, torch.lerp(targets[others], targets, share)
