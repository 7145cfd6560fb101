import json
from pathlib import Path

import pytest
import torch

from foodcls.network.backbones import Backbone
from foodcls.network.model_zoo import timm
from foodcls.network.network import Network
from foodcls.network.trainable import last_stage
from foodcls.recipe.presets import PRESETS, fill_preset
from foodcls.recipe.recipe import RecipeSource, parse_recipe
from foodcls.recipe.train_settings import Train


def settle(**given: object) -> Train:
    return Train.model_validate_json(json.dumps(fill_preset(given)))


@pytest.mark.parametrize(
    ("words", "trainable"),
    [("preset: Seed", ("layer4",)), ("preset: fast", "auto"), ("trainable: []", ()),
     ("preset: best, trainable: [norm]", ("norm",))],
)  # fmt: skip
def test_lists_of_a_recipe_and_of_its_preset_are_read(words: str, trainable: object) -> None:
    text = f"name: a\nclasses: [a, b]\ncollect: {{folder: .}}\ntrain: {{{words}}}\n"
    recipe = parse_recipe(RecipeSource(Path("a.yaml"), text.encode(), {}))
    assert recipe.train.trainable == trainable


def test_a_preset_gives_what_the_recipe_leaves_out() -> None:
    train = settle(preset="balanced", lr=0.5)
    assert (train.backbone, train.input_size) == ("vit_small_patch14_reg4_dinov2", 224)
    assert (train.method, train.lr) == ("probe", 0.5)
    assert settle(preset="fast").method == "probe"


def test_the_seeds_preset_has_the_originals_settings() -> None:
    train = settle(preset="seed")
    assert (train.backbone, train.weights, train.trainable) == ("resnet34", "imagenet", ("layer4",))
    assert (train.hidden_units, train.dropout, train.input_size) == (200, 0.3, 0)
    assert (train.lr, train.epochs, train.batch_size) == (3e-5, 8, 20)
    # what fits ResNet34 is not given to another
    other = settle(preset="seed", backbone="resnet50")
    assert (other.lr, other.trainable, other.epochs) == ("auto", "auto", 8)


def test_what_fits_the_presets_backbone_alone_is_not_given_to_another() -> None:
    train = settle(preset="best", backbone="tf_efficientnet_lite2")
    assert (train.input_size, train.trainable) == (0, Train().trainable)
    assert train.method == "probe"


@pytest.mark.parametrize("wrong", ["largest", ["fast"], 3])
def test_an_unknown_preset_is_refused_with_those_that_are(wrong: object) -> None:
    with pytest.raises(ValueError, match="'seed', 'fast', 'balanced' or 'best'"):
        settle(preset=wrong)


@pytest.mark.parametrize("preset", sorted(PRESETS.keys() - {"seed"}))
def test_a_preset_can_be_fine_tuned_too(preset: str) -> None:
    train = settle(preset=preset)
    with torch.device("meta"):
        module = timm.create_model(train.backbone, num_classes=0)
    backbone = Backbone(train.backbone, module, module.num_features, (0.5,) * 3, (0.5,) * 3, "")
    assert train.trainable == "auto"
    network = Network(backbone, torch.nn.Linear(1, 1), last_stage(module))
    assert 0 < sum(weight.requires_grad for weight in network.backbone.parameters()) < 40


def test_lists_of_a_recipe_are_taken_beside_a_preset() -> None:
    text = '{"preset": "fast", "trainable": ["layer4"], "target": {"scale": [0.5, 0.9]}}'
    train = Train.model_validate_json(text)
    assert train.trainable == ("layer4",) and train.target and train.target.scale == (0.5, 0.9)
