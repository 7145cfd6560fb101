"""Says how fast each stage of a network learns, and how that changes from step to step."""

import math

from torch import nn

from foodcls.network.network import Network
from foodcls.recipe.train_settings import Extras


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
