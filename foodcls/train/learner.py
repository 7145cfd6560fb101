"""What learns: a network with its optimiser, and how it computes, loses and is averaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodcls.errors import TrainingError
from foodcls.network.network import Network
from foodcls.network.precision import computing
from foodcls.recipe.train_settings import Train
from foodcls.train.ema import Average, start_average
from foodcls.train.optimizer import DenseAdam, weight_groups


@dataclass(frozen=True)
class Learner:
    """A network in training: `tail` is the part of it that reads the examples."""

    network: Network
    tail: nn.Module
    optimiser: torch.optim.Optimizer
    rates: tuple[float, ...]  # of the optimiser's groups, at the full rate
    precision: str  # fp32 or bf16
    weights: Tensor | None  # of the classes in the loss
    smoothing: float  # of the labels in the loss
    average: Average | None

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return self.network.mean.device

    @property
    def is_plain(self) -> bool:
        """Whether it computes in fp32 on the processor, where fewer products are a gain."""
        return self.device.type == "cpu" and self.precision == "fp32"

    def answer(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, C) in fp32."""
        with computing(self.precision, self.device):
            answers: Tensor = self.tail(*(one.to(self.device) for one in inputs))
        return answers.float()

    def loss(self, logits: Tensor, wanted: Tensor) -> Tensor:
        """The mean cross entropy; `wanted` are classes (N,) or shares of classes (N, C)."""
        return functional.cross_entropy(
            logits, wanted.to(self.device), self.weights, label_smoothing=self.smoothing
        )

    def step(self, loss: Tensor, share: float, number: int) -> None:
        """Change the weights a little against the loss, at a share of the rates.

        `number` counts the steps of the whole training, from 0.
        """
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if self.average:
            self.average.update(self.network, number)


def start_learner(
    network: Network,
    tail: nn.Module,
    settings: Train,
    precision: str = "fp32",
    weights: Tensor | None = None,
) -> Learner:
    """Adam over what is trainable, as the original had it; `weights` are those of the classes."""
    extras = settings.extras
    groups = weight_groups(network, settings.lr, extras.layer_decay)
    return Learner(
        network=network,
        tail=tail,
        # fused: one pass over the weights instead of one for each of its sums
        optimiser=DenseAdam(groups, lr=settings.lr, fused=True),
        rates=tuple(cast(float, group["lr"]) for group in groups),
        precision=precision,
        weights=None if weights is None else weights.to(network.mean.device),
        smoothing=extras.label_smoothing,
        average=start_average(network, extras.ema),
    )


def choose_device(wanted: str) -> torch.device:
    """`auto`, `cpu` or `cuda` as a device; TrainingError where there is none of that kind."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device cuda: torch finds no graphics card; use auto or cpu")
    graphics = wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if graphics else "cpu")
