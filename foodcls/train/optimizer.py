"""The optimizer: Adam for any layout of weights, and the learning rate of each stage and step."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from foodcls.network.network import Network
from foodcls.recipe.train_settings import Extras


class DenseAdam(torch.optim.Adam):
    """Adam (Kingma and Ba, 2015), fused, for weights that lie as convolutions want them.

    torch's fused pass on a processor makes contiguous copies of such weights and their moments,
    which takes twice the time of the pass itself; and where layouts differ, as after
    `load_state_dict`, it adds numbers that do not belong together. Here they are all given the
    layout of their weight, and are handed over in the order of memory.
    """

    def load_state_dict(self, state_dict: Any) -> None:
        """Moments from a file are contiguous: lay them as their weights are."""
        super().load_state_dict(state_dict)
        for weight, state in self.state.items():
            for name, value in state.items():
                if value.shape == weight.shape:
                    state[name] = torch.empty_like(weight).copy_(value)

    # the one place where torch hands out what a step works on; torch is pinned
    def _init_group(self, group: dict[str, Any], *lists: Any) -> Any:
        has_complex = super()._init_group(group, *lists)
        weights, slopes, *moments, _steps = lists
        orders = [_order(weight) for weight in weights]
        for tensors in (weights, slopes, *moments):
            # a list of moments that are not kept is empty
            tensors[:] = [one.permute(order) for one, order in zip(tensors, orders, strict=False)]
        slopes[:] = [slope.contiguous() for slope in slopes]
        return has_complex


def _order(weight: Tensor) -> list[int]:
    """Its dimensions, from the one whose steps in memory are the longest to the shortest."""
    return sorted(range(weight.ndim), key=weight.stride, reverse=True)


def rate_share(step: int, steps: int, an_epoch: int, extras: Extras) -> float:
    """The share of its rate at which a network learns in a step, counted from 0.

    It rises in equal parts over the epochs of `warmup`; with `cosine` it then falls towards 0,
    which it would reach with one step more than `steps`. There are `an_epoch` steps in an epoch.
    """
    warm = extras.warmup * an_epoch
    if step < warm:
        return min(1.0, (step + 1) / warm)
    if not extras.cosine:
        return 1.0
    return (1 + math.cos(math.pi * (step - warm) / max(1.0, steps - warm))) / 2


def weight_groups(network: Network, lr: float, decay: float) -> list[dict[str, object]]:
    """What an optimiser is given: the head at `lr`, each stage below it at `decay` of the last.

    A stage is a child of the backbone, or one of a row of children: layer4.0, layer4.1. One group
    where all learn alike.
    """
    if decay == 1:
        return [{"params": [w for w in network.parameters() if w.requires_grad], "lr": lr}]
    stages: dict[str, list[nn.Parameter]] = {}
    for name, weight in network.backbone.named_parameters():
        if weight.requires_grad:
            stages.setdefault(stage_of(name), []).append(weight)
    down = [list(network.head.parameters()), *reversed(stages.values())]
    return [{"params": own, "lr": lr * decay**depth} for depth, own in enumerate(down)]


def stage_of(name: str) -> str:
    """The stage of a weight: `blocks.6` of `blocks.6.0.bn1.bias`, `conv1` of `conv1.weight`."""
    first, _, rest = name.partition(".")
    second = rest.partition(".")[0]
    return f"{first}.{second}" if second.isdigit() else first
