"""Compares backbones by linear probes on the recipe's own pictures: accuracy, time and license."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.metrics.paired_test import PairedTest, compare_predictions
from foodcls.metrics.ranks import Floats, Ints, average_position, number_groups, ranks
from foodcls.network.at_hand import PACKAGES
from foodcls.network.backbones import has_weights
from foodcls.network.licenses import weights_license
from foodcls.network.network import Network, count_views, start_network, with_own_size
from foodcls.recipe.presets import PRESETS
from foodcls.recipe.train_settings import Extras, Train
from foodcls.train.dataset import check_splits, encode_labels
from foodcls.train.loop import validate
from foodcls.train.method import EPOCHS, STEP_EXTRAS, STEPS
from foodcls.train.prepare import prepare_learner
from foodcls.train.probe import fit_probe

ANSWERS = 5  # that are timed
Splits = tuple[pd.DataFrame, pd.DataFrame]  # rows of training and validation


@dataclass(frozen=True)
class ProbedBackbone:
    """A backbone, and what a linear probe on its features gives."""

    settings: Train
    license: str  # of its weights
    megabytes: float  # of the whole network, in float32
    ms: float  # of processors for one answer, all its views together; of a graphics card's clock
    probabilities: Floats  # float64 (N, C), of the validation pictures


def backbones_at_hand(settings: Train) -> tuple[str, ...]:
    """The recipe's backbone, and those of presets and packages whose weights are here."""
    presets = [preset.get("backbone", Train().backbone) for preset in PRESETS.values()]
    others = {name for name in (*presets, *PACKAGES) if has_weights(name)}
    return (settings.backbone, *sorted(others - {settings.backbone}))


def probing(settings: Train, backbone: str) -> Train:
    """The recipe's settings for a linear probe of a backbone, without what only steps use.

    The recipe's own has its size of pictures there, another that of its weights.
    """
    preset = next((one for one in PRESETS.values() if one.get("backbone") == backbone), {})
    size = settings.input_size if backbone == settings.backbone else preset.get("input_size", 0)
    is_own = settings.weights == "none" or backbone == settings.backbone
    usual = Train()
    changed = {
        **{key: getattr(usual, key) for key in ("preset", *STEPS, *EPOCHS)},
        "backbone": backbone,
        "weights": settings.weights if is_own else "imagenet",
        "method": "probe",
        "hidden_units": 0,
        "input_size": size,
        "extras": Extras(**settings.extras.model_dump(exclude=set(STEP_EXTRAS))),
    }
    return with_own_size(settings.model_copy(update=changed))


def probe_backbone(
    settings: Train, labels: tuple[str, ...], splits: Splits, feature_cache: FeatureCache
) -> ProbedBackbone:
    """Fit the probe on training pictures as the recipe's target has them; answer validation."""
    _, network = start_network(settings, len(labels))
    learner, train_val = prepare_learner(network, settings, labels, splits, feature_cache)
    fit_probe(learner, train_val, settings)
    _, probabilities = validate(learner, train_val.val, settings.batch_size)
    megabytes = sum(value.numel() * value.element_size() for value in network.state_dict().values())
    return ProbedBackbone(
        settings,
        license=weights_license(settings),
        megabytes=megabytes / 1e6,
        ms=time_answer(network, settings),
        probabilities=probabilities,
    )


@torch.inference_mode()
def time_answer(network: Network, settings: Train) -> float:
    """Milliseconds for one picture, the least of some; what else the machine does counts little."""
    network.tta_views = count_views(settings)
    size, device = settings.input_size, network.mean.device
    picture, times = torch.zeros(1, 3, size, size, dtype=torch.uint8, device=device), []
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    for _ in range(ANSWERS):
        begun = clock()
        network(picture).cpu()
        times.append(clock() - begun)
    return 1000 * min(times)


@dataclass(frozen=True)
class Choice:
    """Backbones from the most accurate to the least, each beside the first."""

    candidates: tuple[ProbedBackbone, ...]
    tests: tuple[PairedTest, ...]  # of each against the first, on the same validation pictures

    @property
    def as_good(self) -> tuple[ProbedBackbone, ...]:
        """The first, and all that cannot be told from it."""
        pairs = zip(self.candidates, self.tests, strict=True)
        return tuple(candidate for candidate, test in pairs if test.verdict != "worse")

    @property
    def cheapest(self) -> ProbedBackbone:
        """The quickest to answer of those that are as good."""
        return min(self.as_good, key=lambda candidate: candidate.ms)


def choose_backbone(
    manifest: pd.DataFrame,
    labels: tuple[str, ...],
    settings: Train,
    backbones: Sequence[str],
    feature_cache: FeatureCache,
) -> Choice:
    """Fit a probe for each backbone on the split "train", judge it on "val"; never on "test"."""
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    check_splits(*splits, labels)
    truth, groups = encode_labels(splits[1], labels), number_groups(splits[1]["cluster"])
    candidates = [
        probe_backbone(probing(settings, name), labels, splits, feature_cache)
        for name in dict.fromkeys(backbones)
    ]
    ordered = sorted(candidates, key=lambda candidate: _merit(candidate, truth), reverse=True)
    tests = (
        compare_predictions(ordered[0].probabilities, one.probabilities, truth, groups)
        for one in ordered
    )
    return Choice(tuple(ordered), tuple(tests))


def _merit(candidate: ProbedBackbone, truth: Ints) -> tuple[float, float]:
    """Accuracy; where that is equal, the average position counts."""
    answers = candidate.probabilities
    place = average_position(ranks(answers, truth), truth)
    return float((answers.argmax(axis=1) == truth).mean()), -place
