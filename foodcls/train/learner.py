"""A network in training: its forward pass, its loss, and the step of its optimizer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodcls.errors import TrainingError
from foodcls.metrics.ranks import Ints
from foodcls.network.network import Network
from foodcls.network.precision import autocast
from foodcls.recipe.train_settings import Train
from foodcls.train.ema import EMA, start_ema
from foodcls.train.optimizer import DenseAdam, param_groups
from foodcls.work.process_group import ALONE, ProcessGroup


@dataclass(frozen=True)
class Learner:
    """A network and what trains it; `tail` is the part of the network that reads a dataset."""

    network: Network
    tail: nn.Module
    optimizer: torch.optim.Optimizer
    lrs: tuple[float, ...]  # the full learning rate of each of the optimizer's groups
    precision: str  # fp32 or bf16
    weights: Tensor | None  # float32 (C,), of the classes in the loss
    smoothing: float  # of the labels in the loss
    ema: EMA | None
    group: ProcessGroup = ALONE  # of processes that share each batch

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return self.network.mean.device

    @property
    def is_fp32_cpu(self) -> bool:
        """Whether it computes in fp32 on the processor, where Winograd's convolutions pay."""
        return self.device.type == "cpu" and self.precision == "fp32"

    def logits(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits, float32 (N, C), of the tail's inputs for N examples, each (N, ...)."""
        with autocast(self.precision, self.device):
            logits: Tensor = self.tail(*(one.to(self.device) for one in inputs))
        return logits.float()

    def loss(self, logits: Tensor, targets: Tensor, whole: Ints | None = None) -> Tensor:
        """The mean cross entropy, float32 (), in nats, of logits float32 (n, C).

        `targets` are classes int64 (n,) or shares of classes float32 (n, C). Of several processes
        each has its part of the mean over the whole batch, of classes `whole`, int64 (N,).
        """
        is_part = whole is not None and self.group.size > 1
        found = functional.cross_entropy(
            logits, targets.to(self.device), self.weights, label_smoothing=self.smoothing,
            reduction="sum" if is_part else "mean",
        )  # fmt: skip
        if whole is None or not is_part:
            return found
        # shares of classes count the same, as torch has it
        if self.weights is None or targets.ndim > 1:
            return found / len(whole)
        return found / self.weights[torch.from_numpy(whole)].sum()

    def step(self, loss: Tensor, lr_factor: float, number: int) -> None:
        """Let the optimizer take a step down the gradient of the loss, a scalar; the EMA follows.

        `lr_factor` is a share of the full learning rates; `number` counts the steps of the whole
        training, from 0.
        """
        for group, lr in zip(self.optimizer.param_groups, self.lrs, strict=True):
            group["lr"] = lr * lr_factor
        self.optimizer.zero_grad()
        # gradients are means over the processes
        (loss * self.group.size).backward()
        self.optimizer.step()
        if self.ema:
            self.ema.update(self.network, number)


def start_learner(
    network: Network,
    tail: nn.Module,
    settings: Train,
    precision: str = "fp32",
    weights: Tensor | None = None,
    group: ProcessGroup = ALONE,
) -> Learner:
    """Adam over all trainable weights; `weights` are those of the classes, float32 (C,).

    While `lr` is still "auto" a probe can be fitted, which takes no step of the optimizer.
    """
    extras, lr = settings.extras, 0.0 if settings.lr == "auto" else settings.lr
    groups = param_groups(network, lr, extras.layer_decay)
    return Learner(
        network=network,
        tail=tail,
        # fused: one pass over the weights instead of one for each of its sums
        optimizer=DenseAdam(groups, lr=lr, fused=True),
        lrs=tuple(cast(float, group["lr"]) for group in groups),
        precision=precision,
        weights=None if weights is None else weights.to(network.mean.device),
        smoothing=extras.label_smoothing,
        ema=start_ema(network, extras.ema),
        group=group,
    )


def choose_device(wanted: str) -> torch.device:
    """`auto`, `cpu` or `cuda` as a device; TrainingError where there is none of that kind."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device cuda: torch finds no graphics card; use auto or cpu")
    graphics = wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if graphics else "cpu")
