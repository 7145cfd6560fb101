import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foodcls.choose import (
    Choice,
    ProbedBackbone,
    backbones_at_hand,
    choose_backbone,
    probing,
    time_answer,
)
from foodcls.errors import InputError
from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.paired_test import compare_predictions
from foodcls.network.network import start_network, with_own_size
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store

TRUTH = np.arange(60) % 3


def candidate(name: str, right: int, ms: float) -> ProbedBackbone:
    """One that names the true class of the first `right` of 60 pictures."""
    answers = np.where(np.arange(60) < right, TRUTH, (TRUTH + 1) % 3)
    return ProbedBackbone(Train(backbone=name), "mit", 1.0, ms, np.eye(3)[answers] * 0.7 + 0.1)


def test_the_quickest_is_taken_of_those_that_cannot_be_told_from_the_first() -> None:
    all_of_them = candidate("slow", 57, 90), candidate("quick", 56, 20), candidate("poor", 30, 5)
    tests = tuple(
        compare_predictions(all_of_them[0].probabilities, one.probabilities, TRUTH, np.arange(60))
        for one in all_of_them
    )
    choice = Choice(all_of_them, tests)
    assert [one.settings.backbone for one in choice.as_good] == ["slow", "quick"]
    assert choice.cheapest.settings.backbone == "quick"


def test_backbones_are_judged_on_validation_pictures_alone(
    gallery: Callable[[Store], pd.DataFrame],
    labels: tuple[str, ...],
    quick: Train,
    store: Store,
    tmp_path: Path,
) -> None:
    manifest = gallery(store)
    manifest.loc[manifest["split"] == "test", "picture"] = "0" * 64
    cache = FeatureCache(store, tmp_path)
    names = ("test_efficientnet", "test_vit")
    choice = choose_backbone(manifest, labels, quick, names, cache)
    assert {one.settings.backbone for one in choice.candidates} == set(names)
    first, second = choice.tests
    assert first.n == (manifest["split"] == "val").sum()
    assert first.b.accuracy.value >= second.b.accuracy.value
    assert all(one.ms > 0 and one.megabytes > 0 for one in choice.candidates)


def test_each_is_probed_at_the_size_of_its_weights_or_of_its_preset_or_recipe() -> None:
    recipe = Train(method="finetune", input_size=64, use="commercial")
    sizes = {"tf_efficientnet_lite2": 260, "vit_small_patch14_reg4_dinov2": 224, "resnet34": 64}
    for name, size in sizes.items():
        train = probing(recipe, name)
        assert (train.backbone, train.input_size, train.method) == (name, size, "probe")
        assert train.use == "commercial"


def test_what_else_the_machine_does_is_not_counted_as_an_answers_time() -> None:
    settings = with_own_size(Train(backbone="test_efficientnet", weights="none", method="probe"))
    _, network = start_network(settings, 3)
    network.backbone.register_forward_hook(lambda *_: time.sleep(0.2))
    assert 0 < time_answer(network, settings) < 100


def test_the_recipes_own_backbone_is_compared_first() -> None:
    assert backbones_at_hand(Train(backbone="test_vit"))[0] == "test_vit"


def test_a_backbone_that_may_not_be_used_is_refused(
    gallery: Callable[[Store], pd.DataFrame], labels: tuple[str, ...], store: Store, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="allows research alone"):
        choose_backbone(gallery(store), labels, Train(use="commercial"), ["convnextv2_tiny"],
                        FeatureCache(store, tmp_path))  # fmt: skip
