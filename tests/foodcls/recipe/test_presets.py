import pytest
import torch

from foodcls.network.backbones import Backbone
from foodcls.network.model_zoo import timm
from foodcls.network.network import Network
from foodcls.recipe.presets import PRESETS
from foodcls.recipe.train_settings import Train


def test_a_preset_gives_what_the_recipe_leaves_out() -> None:
    train = Train.model_validate({"preset": "balanced", "lr": 0.5})
    assert (train.backbone, train.input_size) == ("vit_small_patch14_reg4_dinov2", 224)
    assert (train.method, train.hidden_units, train.lr) == ("probe", 0, 0.5)
    assert Train.model_validate_json('{"preset": "fast"}').method == "probe"


def test_the_seeds_preset_is_the_defaults() -> None:
    assert Train.model_validate({"preset": "seed"}) == Train()


def test_what_fits_the_presets_backbone_alone_is_not_given_to_another() -> None:
    train = Train.model_validate({"preset": "best", "backbone": "tf_efficientnet_lite2"})
    assert (train.input_size, train.trainable) == (0, Train().trainable)
    assert (train.method, train.hidden_units) == ("probe", 0)


@pytest.mark.parametrize("wrong", ["largest", ["fast"], 3])
def test_an_unknown_preset_is_refused_with_those_that_are(wrong: object) -> None:
    with pytest.raises(ValueError, match="'seed', 'fast', 'balanced' or 'best'"):
        Train.model_validate({"preset": wrong})


@pytest.mark.parametrize("preset", sorted(PRESETS.keys() - {"seed"}))
def test_a_preset_can_be_fine_tuned_too(preset: str) -> None:
    train = Train.model_validate({"preset": preset})
    with torch.device("meta"):
        module = timm.create_model(train.backbone, num_classes=0)
    backbone = Backbone(train.backbone, module, module.num_features, (0.5,) * 3, (0.5,) * 3, "")
    network = Network(backbone, torch.nn.Linear(1, 1), train.trainable)
    assert 0 < sum(weight.requires_grad for weight in network.backbone.parameters()) < 40
