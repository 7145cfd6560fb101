"""The classifier: a backbone with a head, partly frozen, with test-time augmentation if asked."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from foodcls.errors import InputError
from foodcls.network.backbones import Backbone, make_backbone, own_size
from foodcls.network.licenses import check_license
from foodcls.network.module_names import ALL, no_module
from foodcls.network.seeds import seeded
from foodcls.network.trainable import last_stage
from foodcls.recipe.train_settings import Train

HIDDEN = 200  # units of a head that is fine-tuned
ACROSS, DOWN = 3, 2
NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm)
# the dimensions that each of up to 4 views is flipped along
FLIPS: tuple[tuple[int, ...], ...] = ((), (ACROSS,), (DOWN,), (DOWN, ACROSS))
# the shares of the sides that each of 3 views shows, about the middle
ZOOMS = (1.0, 0.75, 0.55)


class Network(nn.Module):
    """Maps pixels (N, 3, S, S), uint8 or float of 0 to 255, to logits, float32 (N, C).

    Frozen modules stay in evaluation mode: in training mode their batch normalization would go
    on updating its running statistics, though their weights do not learn.
    """

    mean: Tensor
    std: Tensor
    # views of test-time augmentation; training uses one
    tta_views: int = 1
    input_size: int = 224  # pixels a side
    takes_roots: bool = False  # whether the head gets `signed_roots` of the features

    def __init__(
        self,
        backbone: Backbone,
        head: nn.Module,
        trainable: Sequence[str],
        *,
        freeze_norms: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone.module
        self.head = head
        # known from the checkpoint's settings, so not part of its weights
        self.register_buffer("mean", _per_channel(backbone.mean), persistent=False)
        self.register_buffer("std", _per_channel(backbone.std), persistent=False)
        self.trainable_names = tuple(trainable)
        self.trainable = _trainable_modules(self.backbone, trainable)
        self.requires_grad_(False)
        for module in (self.head, *self.trainable):
            module.requires_grad_(True)
        # gives what stands beside the logits, (N, K), from those and the features (N, F) of a view
        # that is the mean of all
        self.beside: nn.Module | None = None
        inner = (one for module in self.trainable for one in module.modules())
        self.frozen_norms = tuple(one for one in inner if freeze_norms and isinstance(one, NORMS))
        for module in self.frozen_norms:
            module.requires_grad_(False)
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (N, C), not probabilities; with `beside` (N, C + K), its columns after them."""
        seen: list[Tensor] = []

        def answer(view: Tensor) -> Tensor:
            seen.append(self.backbone((view.float() / 255 - self.mean) / self.std))
            return self.classify(seen[-1])

        logits = tta_logits(answer, pixels, self.tta_views, self.input_size)
        if self.beside is None:
            return logits
        features = torch.stack(seen).mean(0)
        return torch.cat([logits, self.beside(self.classify(features), features)], 1)

    def classify(self, features: Tensor) -> Tensor:
        """The head's logits (N, C) of the backbone's features (N, F)."""
        logits: Tensor = self.head(signed_roots(features) if self.takes_roots else features)
        return logits

    def train(self, mode: bool = True) -> "Network":
        """Set the mode of the trainable modules only; the rest stays in evaluation mode."""
        super().train(False)
        self.training = mode
        for module in (self.head, *self.trainable):
            module.train(mode)
        for module in self.frozen_norms:
            module.eval()
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

    WeightsError or InputError when backbone, weights or trainable names cannot be had, or not for
    the stated use: called before the pictures are collected, it spares hours.
    """
    check_license(settings)
    backbone = make_backbone(
        settings.backbone, settings.weights, settings.input_size, settings.seed
    )
    head = make_head(
        backbone.features, head_units(settings), classes, settings.dropout, settings.seed
    )
    return backbone, join_network(backbone, head, settings)


def head_units(settings: Train) -> int:
    """Units of the head's hidden layer; 0 where the head is linear."""
    if settings.hidden_units != "auto":
        return settings.hidden_units
    return 0 if settings.method.startswith("probe") else HIDDEN


def with_own_size(settings: Train) -> Train:
    """Settings with the input size of the backbone's ImageNet weights, where they set none."""
    size = settings.input_size or own_size(settings.backbone)
    return settings.model_copy(update={"input_size": size})


def check_gradients(network: Network, settings: Train) -> None:
    """InputError when nothing in a module that is to learn has a part in the logits."""
    size = settings.input_size
    network(torch.zeros(2, 3, size, size)).sum().backward()
    for name, module in zip(network.trainable_names, network.trainable, strict=True):
        if all(weight.grad is None for weight in module.parameters()):
            raise InputError(
                f"trainable: {name!r} would never learn: the backbone {settings.backbone!r} does "
                "without it when it answers; name another module"
            )
    network.zero_grad()


def join_network(backbone: Backbone, head: nn.Module, settings: Train) -> Network:
    """A backbone and a head as one network, frozen as far as the recipe's method leaves it.

    A probe learns the head alone, from roots of the features, which no gradient has to pass. After
    it, fine-tuning leaves the normalization as it is, whose statistics of a batch would undo what
    the head was fitted to.
    """
    chosen = last_stage(backbone.module) if settings.trainable == "auto" else settings.trainable
    trainable = () if settings.method == "probe" else chosen
    gently = settings.method == "probe_then_finetune"
    network = Network(backbone, head, trainable, freeze_norms=gently)
    network.input_size = settings.input_size
    network.takes_roots = settings.method == "probe"
    return network


def signed_roots(features: Tensor) -> Tensor:
    """Square roots of features, (N, F), with their signs: a few large ones count for less.

    As in power normalization (Perronnin et al. 2010).
    """
    return features * (features.abs() + 1e-6).rsqrt()


def count_views(settings: Train) -> int:
    """Over how many views of a picture an answer is the mean, see `tta_logits`."""
    is_cutout = settings.target is not None and settings.target.shape == "cutout"
    return settings.extras.tta or (3 if is_cutout else 1)


def tta_logits(
    forward: Callable[[Tensor], Tensor], pixels: Tensor, views: int, size: int
) -> Tensor:
    """Test-time augmentation: logits, float32 (N, C), over 1 to 4 views of each picture.

    `forward` maps pixels (N, 3, S, S), S being `size`, to logits (N, C). Of 2 or 4 views the
    others are mirrored, upside down, and both; of 3 they show the middle, magnified. The result is
    the logarithm of the mean probability: its softmax is that mean, so that it is calibrated and
    exported as the logits of one view are.
    """
    if views == 1:
        return forward(pixels)
    seen = (
        [zoom_in(pixels, share, size) for share in ZOOMS]
        if views == len(ZOOMS)
        else [pixels.flip(flip) if flip else pixels for flip in FLIPS[:views]]
    )
    logs = torch.stack([forward(view).log_softmax(1) for view in seen])
    return logs.logsumexp(0) - math.log(views)


def zoom_in(pixels: Tensor, share: float, size: int) -> Tensor:
    """The middle of pixels (N, 3, size, size), a share of each side, magnified to the same size."""
    # not asked of the tensor, which has none while it is traced
    margin = round(size * (1 - share) / 2)
    if margin == 0:
        return pixels
    middle = pixels[:, :, margin : size - margin, margin : size - margin].float()
    return nn.functional.interpolate(middle, size=[size, size], mode="bilinear")


def _per_channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, 3, 1, 1)


def _trainable_modules(backbone: nn.Module, names: Sequence[str]) -> tuple[nn.Module, ...]:
    if list(names) == [ALL]:
        return (backbone,)
    modules = dict(backbone.named_modules())
    for name in names:
        if not (name and name in modules and any(True for _ in modules[name].parameters())):
            raise no_module(name, (child for child, _ in backbone.named_children()))
    return tuple(modules[name] for name in names)
