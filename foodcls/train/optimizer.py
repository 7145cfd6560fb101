"""The optimizer: Adam for any layout of weights, and the learning rate of each stage and step."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from foodcls.network.network import Network
from foodcls.recipe.train_settings import Extras


class DenseAdam(torch.optim.Adam):
    """The Adam optimizer (Kingma and Ba, 2015), fused, for weights of any memory layout.

    torch's fused step on a processor makes contiguous copies of weights that lie channels last,
    and of their moments, which takes twice the time of the step itself; and where layouts differ,
    as after `load_state_dict`, it adds numbers that do not belong together. Here gradients and
    moments get the layout of their weight, and all are handed over in the order of memory.
    """

    def load_state_dict(self, state_dict: Any) -> None:
        """Load a state dict; moments, contiguous in a file, get the layout of their weights."""
        super().load_state_dict(state_dict)
        for weight, state in self.state.items():
            for name, value in state.items():
                if value.shape == weight.shape:
                    state[name] = torch.empty_like(weight).copy_(value)

    # the one place where torch hands out what a step works on; torch is pinned
    def _init_group(self, group: dict[str, Any], *lists: Any) -> Any:
        has_complex = super()._init_group(group, *lists)
        weights, gradients, *moments, _steps = lists
        orders = [_order(weight) for weight in weights]
        for tensors in (weights, gradients, *moments):
            # a list of moments that are not kept is empty
            tensors[:] = [one.permute(order) for one, order in zip(tensors, orders, strict=False)]
        gradients[:] = [gradient.contiguous() for gradient in gradients]
        return has_complex


def _order(weight: Tensor) -> list[int]:
    """The dimensions of a weight from the longest stride in memory to the shortest."""
    return sorted(range(weight.ndim), key=weight.stride, reverse=True)


def lr_factor(step: int, steps: int, an_epoch: int, extras: Extras) -> float:
    """The share of the full learning rate, above 0 to 1, in a step that is counted from 0.

    It rises in equal parts over the epochs of `warmup`; with `cosine` it then falls towards 0,
    which it would reach with one step more than `steps`. There are `an_epoch` steps in an epoch.
    """
    warm = extras.warmup * an_epoch
    if step < warm:
        return min(1.0, (step + 1) / warm)
    if not extras.cosine:
        return 1.0
    return (1 + math.cos(math.pi * (step - warm) / max(1.0, steps - warm))) / 2


def param_groups(network: Network, lr: float, decay: float) -> list[dict[str, object]]:
    """The optimizer's groups: the head at rate `lr`, each stage below it at `decay` of the last.

    A stage is a child of the backbone, or one of a row of children: layer4.0, layer4.1. A decay
    of 1 gives one group.
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
    """The stage that a weight belongs to: `blocks.6` for `blocks.6.0.bn1.bias`."""
    first, _, rest = name.partition(".")
    second = rest.partition(".")[0]
    return f"{first}.{second}" if second.isdigit() else first
