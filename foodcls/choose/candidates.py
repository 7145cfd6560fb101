"""Fits a linear probe on the frozen features of a backbone, and times its answers."""

import time
from dataclasses import dataclass

import pandas as pd
import torch

from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.ranks import Floats
from foodcls.network.at_hand import PACKAGES
from foodcls.network.backbones import has_weights
from foodcls.network.licenses import weights_license
from foodcls.network.network import Network, count_views, start_network, with_own_size
from foodcls.recipe.presets import PRESETS
from foodcls.recipe.train_settings import Train
from foodcls.train.loop import validate
from foodcls.train.prepare import prepare_learner
from foodcls.train.probe import fit_probe

ANSWERS = 5  # that are timed
Splits = tuple[pd.DataFrame, pd.DataFrame]  # rows of training and validation


@dataclass(frozen=True)
class Candidate:
    """A backbone, and what a linear probe on its features gives."""

    settings: Train
    license: str  # of its weights
    megabytes: float  # of the whole network, in float32
    ms: float  # for one answer, all its views together
    probabilities: Floats  # float64 (N, C), of the validation pictures


def backbones_at_hand(settings: Train) -> tuple[str, ...]:
    """The recipe's backbone, and those of presets and packages whose weights are here."""
    presets = [preset.get("backbone", Train().backbone) for preset in PRESETS.values()]
    others = {name for name in (*presets, *PACKAGES) if has_weights(name)}
    return (settings.backbone, *sorted(others - {settings.backbone}))


def probing(settings: Train, backbone: str) -> Train:
    """The recipe's settings for a linear probe of a backbone, at the size of its weights."""
    preset = next((one for one in PRESETS.values() if one.get("backbone") == backbone), {})
    is_own = settings.weights == "none" or backbone == settings.backbone
    changed = {
        "backbone": backbone,
        "weights": settings.weights if is_own else "imagenet",
        "method": "probe",
        "hidden_units": 0,
        "trainable": (),
        "input_size": preset.get("input_size", 0),
        # what changes pictures or weights from epoch to epoch has no part in a probe
        "extras": settings.extras.model_copy(update={"augment": None, "ema": 0.0}),
    }
    return with_own_size(settings.model_copy(update=changed))


def probe_backbone(
    settings: Train, labels: tuple[str, ...], splits: Splits, feature_cache: FeatureCache
) -> Candidate:
    """Fit the probe on training pictures as the recipe's target has them; answer validation."""
    _, network = start_network(settings, len(labels))
    learner, train_val = prepare_learner(network, settings, labels, splits, feature_cache)
    fit_probe(learner, train_val, settings)
    _, probabilities = validate(learner, train_val.val, settings.batch_size)
    megabytes = sum(value.numel() * value.element_size() for value in network.state_dict().values())
    return Candidate(
        settings,
        license=weights_license(settings),
        megabytes=megabytes / 1e6,
        ms=time_answer(network, settings),
        probabilities=probabilities,
    )


@torch.inference_mode()
def time_answer(network: Network, settings: Train) -> float:
    """Milliseconds for one picture, the least of some: what else the machine does slows it."""
    network.tta_views = count_views(settings)
    size, device = settings.input_size, network.mean.device
    picture, times = torch.zeros(1, 3, size, size, dtype=torch.uint8, device=device), []
    for _ in range(ANSWERS):
        begun = time.perf_counter()
        network(picture).cpu()
        times.append(time.perf_counter() - begun)
    return 1000 * min(times)
