"""Several backbones as one."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from foodcls.errors import WeightsError
from foodcls.export.exported_program import program_bytes
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.safety.read import read_module
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.network.backbones import Backbone, has_weights, make_backbone, own_size
from foodcls.network.network import join_network, make_head
from foodcls.network.partition import partition_network
from foodcls.network.resize import squash
from foodcls.network.side_by_side import SideBySide
from foodcls.recipe.train_settings import Train

BOTH = "test_efficientnet+test_vit"


def features(backbone: Backbone, pixels: torch.Tensor) -> torch.Tensor:
    """What a backbone says of shares of 255, normalized as it wants them."""
    mean, std = (torch.tensor(one).reshape(3, 1, 1) for one in (backbone.mean, backbone.std))
    with torch.no_grad():
        seen: torch.Tensor = backbone.module((pixels - mean) / std)
    return seen


def test_features_are_those_of_each_backbone_beside_each_other() -> None:
    one, other = (make_backbone(name, "none", 64) for name in BOTH.split("+"))
    both, pixels = make_backbone(BOTH, "none", 64), torch.rand(2, 3, 64, 64)
    assert both.features == one.features + other.features == 320
    wanted = torch.cat([features(one, pixels), features(other, pixels)], 1)
    assert torch.allclose(features(both, pixels), wanted, atol=1e-5)


def test_each_member_gets_pictures_as_its_weights_want_them() -> None:
    pictures = torch.rand(2, 3, 4, 4)
    means, stds = ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)), ((0.5, 0.6, 0.7), (0.2, 0.3, 0.4))
    given = [(pictures - torch.tensor(mean).reshape(3, 1, 1)) / torch.tensor(std).reshape(3, 1, 1)
             for mean, std in zip(means, stds, strict=True)]  # fmt: skip
    seen = SideBySide([nn.Flatten(), nn.Flatten()], means, stds)(given[0])
    assert torch.allclose(seen, torch.cat([one.flatten(1) for one in given], 1), atol=1e-6)


def test_several_backbones_are_frozen_fused_and_exported_as_one(
    tiny_backbone: Callable[[], Backbone],
) -> None:
    one, other = tiny_backbone(), tiny_backbone()
    both = SideBySide([one.module, other.module], [one.mean, (0.2,) * 3], [one.std, (0.5,) * 3])
    backbone = replace(one, module=both.eval(), features=16)
    settings = Train(method="probe", hidden_units=0, input_size=32)
    network = join_network(backbone, make_head(16, 0, 3, 0.3, 0), settings)
    assert partition_network(network, 32).values == 16
    network.tta_views, config = 3, InferenceConfig(32, ("a", "b", "c"))
    pictures = torch.randint(0, 256, (2, 3, 40, 50), dtype=torch.uint8)
    wanted, whole = network(squash(pictures, 32)).softmax(1), OptimizedNetwork(network, 32)
    script = read_module(export_bytes(whole, config, {}))
    program = torch.export.load(io.BytesIO(program_bytes(whole, config, {}))).module()
    assert torch.allclose(script(pictures)[0], wanted, atol=1e-5)
    assert torch.allclose(program(pictures)[0], wanted, atol=1e-5)


def test_a_file_gives_the_weights_of_all(tmp_path: Path) -> None:
    whole = make_backbone(BOTH, "none", 64, seed=3)
    torch.save(whole.module.state_dict(), tmp_path / "both.pt")
    read = make_backbone(BOTH, str(tmp_path / "both.pt"), 64)
    assert read.pretrained_digest == whole.pretrained_digest
    torch.save(whole.module.members[0].state_dict(), tmp_path / "one.pt")
    with pytest.raises(WeightsError, match=r"one\.pt does not fit"):
        make_backbone(BOTH, str(tmp_path / "one.pt"), 64)


def test_they_are_at_hand_when_all_are_and_of_the_largest_size() -> None:
    assert own_size("resnet34+tf_efficientnet_lite2+tf_efficientnet_lite1") == 260
    assert not has_weights(BOTH)


@pytest.mark.parametrize("names", ["resnet18+", "+", "", "resnet18+resnet18"])
def test_names_that_cannot_be_joined_are_refused(names: str) -> None:
    with pytest.raises(ValueError, match="must be names that differ, joined by"):
        Train(backbone=names)
    assert Train(backbone="resnet18 + resnet34").backbone == "resnet18+resnet34"
