"""Turns a network and its examples into a trained network, one report an epoch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from foodcls.errors import TrainingError
from foodcls.judge.epochs import EpochReport
from foodcls.judge.metrics import Floats, Ints, average_position, ranks
from foodcls.learn.arrays import Array, Kept
from foodcls.learn.network import Network
from foodcls.learn.pixels import as_images
from foodcls.learn.randomness import derive_seed, seeded
from foodcls.settings import Train


@dataclass(frozen=True)
class Examples:
    """What the tail reads of some pictures, and what it should answer."""

    inputs: tuple[Kept, ...]
    targets: Ints  # (N,), 0 to C - 1
    names: tuple[str, ...]  # to point at a picture

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Course:
    """What is learnt from, and what the best epoch is chosen by."""

    train: Examples
    val: Examples


@dataclass(frozen=True)
class Learner:
    """A network in training: `tail` is the part of it that reads the examples."""

    network: Network
    tail: nn.Module
    optimiser: torch.optim.Optimizer


@dataclass(frozen=True)
class _Tally:
    loss: float
    accuracy: float


def start_learner(network: Network, tail: nn.Module, lr: float) -> Learner:
    """Adam over what is trainable, as the original had it."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    return Learner(network, tail, torch.optim.Adam(weights, lr=lr))


def choose_device(wanted: str) -> torch.device:
    """`auto`, `cpu` or `cuda` as a device; TrainingError where there is none of that kind."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device cuda: torch finds no graphics card; use auto or cpu")
    graphics = wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if graphics else "cpu")


def fit(
    learner: Learner,
    course: Course,
    settings: Train,
    first_epoch: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[EpochReport]:
    """Train for the epochs from `first_epoch` to `settings.epochs`; report each when it is over.

    What is drawn depends on seed, epoch and batch alone, so that a training taken up again at an
    epoch goes on as it would have. TrainingError when a loss is no number.
    """
    truth = course.val.targets
    for epoch in range(first_epoch, settings.epochs + 1):
        begun = clock()
        learnt = _learn_epoch(learner, course.train, settings, epoch)
        loss, probabilities = judge(learner.network, learner.tail, course.val, settings.batch_size)
        if not np.isfinite(loss):
            raise TrainingError(
                f"epoch {epoch}: the validation loss is {loss}; lr {settings.lr} is too high, "
                "try a tenth of it"
            )
        yield EpochReport(
            epoch=epoch,
            train_loss=learnt.loss,
            train_accuracy=learnt.accuracy,
            val_loss=loss,
            val_accuracy=float((probabilities.argmax(axis=1) == truth).mean()),
            val_average_position=average_position(ranks(probabilities, truth), truth),
            seconds=max(0.0, clock() - begun),
            lr=settings.lr,
        )


def judge(
    network: Network, tail: nn.Module, examples: Examples, batch_size: int
) -> tuple[float, Floats]:
    """The mean loss on some examples, and the probabilities (N, C)."""
    network.eval()
    places = np.arange(len(examples))
    with torch.inference_mode():
        parts = [
            tail(*_take_inputs(network, examples, places[start : start + batch_size]))
            for start in range(0, len(places), batch_size)
        ]
        logits = torch.cat(parts).double().cpu()
        loss = functional.cross_entropy(logits, torch.from_numpy(examples.targets))
        return float(loss), logits.softmax(1).numpy()


def batch_places(count: int, batch_size: int, seed: int, epoch: int) -> list[Array]:
    """All places from 0 to `count` - 1 in a random order, cut into batches.

    A last batch of one joins the batch before it: batch normalisation needs two.
    """
    generator = torch.Generator().manual_seed(derive_seed("order", seed, epoch))
    order = torch.randperm(count, generator=generator).numpy()
    bounds = [*range(0, count, batch_size), count]
    if len(bounds) > 2 and bounds[-1] - bounds[-2] == 1:
        del bounds[-2]
    return [order[start:stop] for start, stop in pairwise(bounds)]


def _learn_epoch(learner: Learner, train: Examples, settings: Train, epoch: int) -> _Tally:
    learner.network.train()
    losses, right = 0.0, 0
    batches = batch_places(len(train), settings.batch_size, settings.seed, epoch)
    for number, places in enumerate(batches):
        inputs = _take_inputs(learner.network, train, places)
        targets = torch.from_numpy(train.targets[places]).to(inputs[0].device)
        with seeded("dropout", settings.seed, epoch, number):
            logits = learner.tail(*inputs)
        loss = functional.cross_entropy(logits, targets)
        if not torch.isfinite(loss):
            raise TrainingError(_explain_loss(loss.item(), train, places, settings, epoch))
        learner.optimiser.zero_grad()
        loss.backward()
        learner.optimiser.step()
        losses += loss.item() * len(places)
        right += int((logits.argmax(1) == targets).sum())
    return _Tally(losses / len(train), right / len(train))


def _take_inputs(network: Network, examples: Examples, places: Array) -> list[Tensor]:
    device = network.mean.device
    return [_as_input(kept.take(places)).to(device) for kept in examples.inputs]


def _as_input(rows: Array) -> Tensor:
    if rows.dtype == np.uint8:
        return as_images(rows)
    tensor = torch.from_numpy(rows)
    return tensor.to(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _explain_loss(loss: float, train: Examples, places: Array, settings: Train, epoch: int) -> str:
    names = ", ".join(train.names[place] for place in places)
    return (
        f"epoch {epoch}: the loss is {loss}; lr {settings.lr} is too high (try a tenth of it), "
        f"or one of these pictures is at fault: {names}"
    )
