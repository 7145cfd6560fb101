"""The classifier: a backbone with a head, partly frozen, with test-time augmentation if asked."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from foodcls.errors import InputError
from foodcls.network.backbones import Backbone, make_backbone
from foodcls.network.seeds import seeded
from foodcls.recipe.train_settings import Train

ALL = "all"
ACROSS, DOWN = 3, 2
# the dimensions that each view is flipped along
VIEWS: tuple[tuple[int, ...], ...] = ((), (ACROSS,), (DOWN,), (DOWN, ACROSS))


class Network(nn.Module):
    """Maps pixels (N, 3, S, S), uint8 or float of 0 to 255, to logits, float32 (N, C).

    Frozen modules stay in evaluation mode: in training mode their batch normalization would go
    on updating its running statistics, though their weights do not learn.
    """

    mean: Tensor
    std: Tensor
    # views of test-time augmentation; training uses one
    tta_views: int = 1

    def __init__(self, backbone: Backbone, head: nn.Module, trainable: Sequence[str]) -> None:
        super().__init__()
        self.backbone = backbone.module
        self.head = head
        # known from the checkpoint's settings, so not part of its weights
        self.register_buffer("mean", _per_channel(backbone.mean), persistent=False)
        self.register_buffer("std", _per_channel(backbone.std), persistent=False)
        self.trainable = _trainable_modules(self.backbone, trainable)
        self.requires_grad_(False)
        for module in (self.head, *self.trainable):
            module.requires_grad_(True)
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (N, C), not probabilities: cross entropy applies its own softmax."""
        return tta_logits(self._logits, pixels, self.tta_views)

    def _logits(self, pixels: Tensor) -> Tensor:
        features = self.backbone((pixels.float() / 255 - self.mean) / self.std)
        logits: Tensor = self.head(features)
        return logits

    def train(self, mode: bool = True) -> "Network":
        """Set the mode of the trainable modules only; the rest stays in evaluation mode."""
        super().train(False)
        self.training = mode
        for module in (self.head, *self.trainable):
            module.train(mode)
        return self


def make_head(features: int, hidden: int, classes: int, dropout: float, seed: int) -> nn.Sequential:
    """A head from `features` to `classes` with a hidden layer of tanh units; 0 units: linear."""
    with seeded("head", seed):
        if hidden == 0:
            return nn.Sequential(nn.Dropout(dropout), nn.Linear(features, classes))
        return nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(features, hidden),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )


def start_network(settings: Train, classes: int) -> tuple[Backbone, Network]:
    """The untrained network of a recipe, with its pretrained weights.

    WeightsError or InputError when backbone, weights or trainable names cannot be had: called
    before the pictures are collected, it spares hours.
    """
    backbone = make_backbone(
        settings.backbone, settings.weights, settings.input_size, settings.seed
    )
    head = make_head(
        backbone.features, settings.hidden_units, classes, settings.dropout, settings.seed
    )
    return backbone, Network(backbone, head, settings.trainable)


def tta_logits(forward: Callable[[Tensor], Tensor], pixels: Tensor, views: int) -> Tensor:
    """Test-time augmentation: logits, float32 (N, C), over 1, 2 or 4 views of each picture.

    `forward` maps pixels (N, 3, S, S) to logits (N, C). The views are the picture as it is,
    mirrored, upside down, and both. The result is the logarithm of the mean probability: its
    softmax is that mean, so that it is calibrated and exported as the logits of one view are.
    """
    if views == 1:
        return forward(pixels)
    seen = [pixels.flip(flip) if flip else pixels for flip in VIEWS[:views]]
    logs = torch.stack([forward(view).log_softmax(1) for view in seen])
    return logs.logsumexp(0) - math.log(views)


def _per_channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, 3, 1, 1)


def _trainable_modules(backbone: nn.Module, names: Sequence[str]) -> tuple[nn.Module, ...]:
    if list(names) == [ALL]:
        return (backbone,)
    modules = dict(backbone.named_modules())
    for name in names:
        if not name or name not in modules:
            raise InputError(
                f"trainable: {name!r} is no module of the backbone; its modules are "
                f"{', '.join(child for child, _ in backbone.named_children())}, or parts of them "
                "such as layer4.1; ['all'] trains everything, [] the head alone"
            )
        if not any(True for _ in modules[name].parameters()):
            raise InputError(f"trainable: {name!r} has no weights to train; name another module")
    return tuple(modules[name] for name in names)
