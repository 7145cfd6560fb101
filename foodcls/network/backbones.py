"""Builds a pretrained backbone of torchvision or timm, which turns pictures into features."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from torch import Tensor, nn

from foodcls.errors import WeightsError, first_line
from foodcls.network import model_zoo
from foodcls.network.at_hand import PACKAGES, member_names, package_folder, ways_out
from foodcls.network.seeds import seeded
from foodcls.network.side_by_side import SideBySide
from foodcls.network.weights import (
    OFFLINE_MEAN,
    OFFLINE_STD,
    download_path,
    download_state,
    load_state,
    package_state,
    read_state,
    state_digest,
)

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET_CLASSES, USUAL_SIZE = 1000, 224
# mean and deviation of networks that came from TensorFlow: torchvision rescales their inputs itself
# where it builds them for ImageNet's weights, and only there
HALF = (0.5, 0.5, 0.5)
# what torchvision trains beside the classifier, and inference does without
AUXILIARY = ("aux1", "aux2", "AuxLogits")


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
    heads: tuple[str, ...]  # where classifiers were
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


def make_backbone(name: str, weights: str, input_size: int, seed: int = 0) -> Backbone:
    """Build the torchvision or timm model `name`; a name that both know is torchvision's.

    Of several names, joined by "+", the features stand beside each other. `weights` is "imagenet",
    "none" (random, from `seed`) or a file, see `read_state`. Transformers are built for pictures of
    `input_size`; what they know of positions is interpolated.
    WeightsError when the name is unknown or the weights cannot be had.
    """
    members = [_start(one, weights, input_size, seed) for one in member_names(name)]
    bare = members[0] if len(members) == 1 else _join(members)
    if weights not in ("imagenet", "none"):
        load_state(bare.module, read_state(Path(weights)), bare.heads, weights)
    bare.module.eval()
    return Backbone(
        name=name,
        module=bare.module,
        features=_count_features(name, bare.module, input_size),
        mean=bare.mean,
        std=bare.std,
        pretrained_digest=state_digest(bare.module.state_dict()),
    )


def make_bare(name: str) -> nn.Module:
    """One backbone for pictures of its own size, with weights that know nothing."""
    return _build(name, _own_size(name)).module


def backbone_names() -> list[str]:
    """All names that `make_backbone` knows; timm also takes NAME.TAG for a set of weights."""
    return sorted({*torchvision_names(), *model_zoo.timm.list_models()})


def own_size(name: str) -> int:
    """The side in pixels of the pictures that a backbone's ImageNet weights were trained for.

    Of several backbones, joined by "+", the largest.
    """
    return max(map(_own_size, member_names(name)))


def has_weights(name: str) -> bool:
    """Whether the ImageNet weights of a backbone are on this machine: nothing is downloaded."""
    return all(map(_has_weights, member_names(name)))


def torchvision_names() -> list[str]:
    """The classifiers that torchvision knows."""
    # the classifiers alone: detection and segmentation have namespaces of their own
    return list(model_zoo.torchvision.models.list_models(module=model_zoo.torchvision.models))


def _start(name: str, weights: str, size: int, seed: int) -> _Bare:
    with seeded("backbone", name, seed):
        bare = _build(name, size)
    return _with_imagenet(name, bare, size) if weights == "imagenet" else bare


def _join(members: Sequence[_Bare]) -> _Bare:
    means, stds = [one.mean for one in members], [one.std for one in members]
    heads = tuple(
        f"members.{number}.{head}" for number, one in enumerate(members) for head in one.heads
    )
    joined = SideBySide([one.module for one in members], means, stds)
    return _Bare(joined, heads, means[0], stds[0])


def _build(name: str, size: int) -> _Bare:
    try:
        if name in torchvision_names():
            return _build_torchvision(name, size)
        # with a colon it may name another source of code
        if model_zoo.timm.is_model(name.split(".")[0]) and ":" not in name:
            return _build_timm(name, size)
    except (RuntimeError, ValueError, TypeError, AssertionError) as error:
        raise WeightsError(
            f"backbone {name!r} cannot be built for pictures of {size} x {size}: {error}; "
            f"set input_size to its own {own_size(name)}, or use another"
        ) from error
    close = difflib.get_close_matches(name, backbone_names(), n=5)
    hint = f"did you mean {', '.join(close)}?" if close else "see backbone_names() for all"
    raise WeightsError(f"backbone {name!r} is known neither to torchvision nor to timm; {hint}")


def _build_torchvision(name: str, size: int) -> _Bare:
    sized: Any = {"vit": {"image_size": size}, "maxvit": {"input_size": (size, size)}}
    given = sized.get(name.partition("_")[0], {})
    model = model_zoo.torchvision.models.get_model(name, weights=None, **given)
    for head in AUXILIARY:
        if hasattr(model, head):
            setattr(model, head, None)
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
    preset = _preset(name)
    rescales = hasattr(model, "transform_input")
    mean, std = (HALF, HALF) if rescales else (tuple(preset.mean), tuple(preset.std))
    return _Bare(model, (linear[-1], *AUXILIARY), mean, std)


def _build_timm(name: str, size: int, *, pretrained: bool = False) -> _Bare:
    known = model_zoo.timm.get_pretrained_cfg(name)
    # those of any size take no such argument
    sized: Any = {"img_size": size} if known and known.fixed_input_size else {}
    model: Any = model_zoo.timm.create_model(name, pretrained, num_classes=0, **sized)
    settings: dict[str, Any] = model.pretrained_cfg
    heads = settings.get("classifier") or "head"
    return _Bare(
        model,
        heads=(heads,) if isinstance(heads, str) else tuple(heads),
        mean=tuple(settings.get("mean", IMAGENET_MEAN)),
        std=tuple(settings.get("std", IMAGENET_STD)),
    )


def _own_size(name: str) -> int:
    if name in torchvision_names():
        return int(_preset(name).crop_size[0])
    known = model_zoo.timm.get_pretrained_cfg(name)
    return int(known.input_size[1]) if known else USUAL_SIZE


def _preset(name: str) -> Any:
    return model_zoo.torchvision.models.get_model_weights(name).DEFAULT.transforms()


def _has_weights(name: str) -> bool:
    if name in PACKAGES:
        return package_folder(name) is not None
    if name in torchvision_names():
        url = model_zoo.torchvision.models.get_model_weights(name).DEFAULT.url
        return download_path(url, _downloads()).is_file()
    known = model_zoo.timm.get_pretrained_cfg(name)
    hub = str(known.hf_hub_id) if known and known.hf_hub_id else "none/none"
    return isinstance(try_to_load_from_cache(hub, "model.safetensors"), str)


def _with_imagenet(name: str, bare: _Bare, size: int) -> _Bare:
    if name in torchvision_names():
        source = model_zoo.torchvision.models.get_model_weights(name).DEFAULT
        state = download_state(source.url, _downloads())
        load_state(bare.module, state, bare.heads, source.url)
        return bare
    if name in PACKAGES:
        names = list(model_zoo.timm.create_model(name, pretrained=False).state_dict())
        load_state(bare.module, package_state(name, names), bare.heads, PACKAGES[name])
        return _Bare(bare.module, bare.heads, OFFLINE_MEAN, OFFLINE_STD)
    try:
        # safetensors where the hub has them, else a state dict with weights_only
        return _build_timm(name, size, pretrained=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"cannot get the pretrained weights of {name!r} from the Hugging Face hub "
            f"({first_line(error)}); {ways_out()}"
        ) from error


def _downloads() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def _count_features(name: str, module: nn.Module, input_size: int) -> int:
    try:
        with torch.no_grad():
            output = module(torch.zeros(2, 3, input_size, input_size))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise WeightsError(
            f"backbone {name!r} takes no pictures of {input_size} x {input_size} "
            f"({str(error) or type(error).__name__}); set input_size to its own {own_size(name)}"
        ) from error
    if not isinstance(output, Tensor) or output.ndim != 2:
        raise WeightsError(f"backbone {name!r} gives no plain features; use another, e.g. resnet34")
    return output.shape[1]
