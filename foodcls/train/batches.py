"""The data loader: cuts an epoch into batches, reads them ahead and mixes them up if asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from foodcls.features.row_cache import Array
from foodcls.metrics.ranks import Ints
from foodcls.network.seeds import derive_seed
from foodcls.recipe.train_settings import Train
from foodcls.train.class_balance import balanced_indices
from foodcls.train.dataset import Dataset
from foodcls.work.parallel import prefetch
from foodcls.work.process_group import ALONE, ProcessGroup


@dataclass(frozen=True)
class Batch:
    """Examples of an epoch: N, of which n are this process's, all if it is alone."""

    number: int  # in the epoch, from 0
    indices: Array  # int64 (N,), into the dataset
    inputs: list[Tensor]  # of the tail: uint8 (n, 3, S, S) or activations
    truth: Tensor  # int64 (n,), classes
    targets: Tensor  # the same, or after mixup float32 (n, C), shares of classes


def epoch_batches(train: Dataset, settings: Train, epoch: int) -> list[Array]:
    """The indices of each batch of an epoch, int64 (N,); they depend on seed and epoch alone."""
    if settings.extras.balance == "sampling":
        order = balanced_indices(train.targets, settings.seed, epoch)
    else:
        order = shuffled_indices(len(train), settings.seed, epoch)
    return cut_batches(order, settings.batch_size)


def iterate_batches(
    train: Dataset,
    batches: Iterable[Array],
    settings: Train,
    classes: int,
    epoch: int,
    group: ProcessGroup = ALONE,
) -> Iterator[Batch]:
    """Read the batches of these indices, int64 (N,); prefetch one while another trains.

    Each process of a group reads its part of each; where examples are mixed, all of it.
    """

    def read(batch: tuple[int, Array]) -> Batch:
        number, indices = batch
        alpha, own = settings.extras.mixup, group.part(len(indices))
        every = torch.from_numpy(train.targets[indices])
        truth = every[own]
        if not alpha:
            return Batch(number, indices, train.take(indices[own], epoch), truth, truth)
        seed = derive_seed("mixup", settings.seed, epoch, number)
        shares = functional.one_hot(every, classes).float()
        inputs, targets = mixup(train.take(indices, epoch), shares, alpha, seed)
        return Batch(number, indices, [one[own] for one in inputs], truth, targets[own])

    return prefetch(enumerate(batches), read, 1, 1)


def shuffled_indices(count: int, seed: int, epoch: int) -> Ints:
    """int64 (count,): the numbers from 0 to `count` - 1 in a random order."""
    generator = torch.Generator().manual_seed(derive_seed("order", seed, epoch))
    order: Ints = torch.randperm(count, generator=generator).numpy()
    return order


def cut_batches(order: Ints, batch_size: int) -> list[Array]:
    """Cut indices, int64 (N,), into batches of `batch_size`; the last one may be smaller.

    A last batch of one joins the batch before it: batch normalization needs two.
    """
    bounds = [*range(0, len(order), batch_size), len(order)]
    if len(bounds) > 2 and bounds[-1] - bounds[-2] == 1:
        del bounds[-2]
    return [order[start:stop] for start, stop in pairwise(bounds)]


def mixup(
    inputs: Sequence[Tensor], targets: Tensor, alpha: float, seed: int
) -> tuple[list[Tensor], Tensor]:
    """Mix each example with another of its batch (mixup, Zhang et al. 2018).

    One share for the batch is drawn from Beta(`alpha`, `alpha`). `inputs` (N, ...) of any dtype
    and `targets` float32 (N, C), shares of classes, come back as float32 of the same shapes. With
    a frozen trunk its activations are mixed, not the pixels.
    """
    draw = np.random.default_rng(seed)
    share = float(draw.beta(alpha, alpha))
    others = torch.from_numpy(draw.permutation(len(targets))).to(targets.device)
    mixed = [torch.lerp(one[others].float(), one.float(), share) for one in inputs]
    return mixed, torch.lerp(targets[others], targets, share)
