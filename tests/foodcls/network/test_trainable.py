from collections.abc import Callable

import pytest
import torch

from foodcls.network.backbones import Backbone, make_backbone, torchvision_names
from foodcls.network.model_zoo import timm, torchvision
from foodcls.network.network import join_network, make_head
from foodcls.network.side_by_side import SideBySide
from foodcls.network.trainable import last_stage
from foodcls.recipe.train_settings import Train


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("resnet18", ["layer4"]),
        ("mobilenet_v2", ["features.18"]),
        ("densenet121", ["features.denseblock4", "features.norm5"]),
        # as they were chosen by hand, before there was a rule
        ("tf_efficientnet_lite0", ["blocks.6", "conv_head", "bn2"]),
        ("mobilenetv4_conv_small", ["blocks.4", "conv_head", "norm_head"]),
        ("vit_tiny_patch16_224", ["blocks.11", "norm"]),
        ("swin_tiny_patch4_window7_224", ["layers.3", "norm"]),
    ],
)
def test_the_last_stage_and_what_follows_it_is_found_by_where_the_weights_are(
    name: str, modules: list[str]
) -> None:
    with torch.device("meta"):
        if name in torchvision_names():
            model = torchvision.models.get_model(name, weights=None)
            # as a backbone has it: without the classifier's weights
            setattr(model, "fc" if name == "resnet18" else "classifier", torch.nn.Identity())
        else:
            model = timm.create_model(name, num_classes=0)
    assert last_stage(model) == tuple(modules)


def test_of_members_that_are_joined_each_ones_last_stage_is_found(
    tiny_backbone: Callable[[], Backbone],
) -> None:
    alone = last_stage(tiny_backbone().module)
    both = SideBySide([tiny_backbone().module] * 2, [(0.5,) * 3] * 2, [(0.5,) * 3] * 2)
    assert alone and last_stage(both) == tuple(
        f"members.{number}.{name}" for number in (0, 1) for name in alone
    )


def test_a_recipe_that_leaves_it_open_trains_the_last_stage_and_a_probe_nothing() -> None:
    backbone, head = make_backbone("test_resnet", "none", 32), make_head(8, 0, 4, 0.3, 0)
    assert join_network(backbone, head, Train()).trainable_names == ("layer4",)
    named = Train(trainable=("layer3", "layer4"))
    assert join_network(backbone, head, named).trainable_names == ("layer3", "layer4")
    assert join_network(backbone, head, Train(method="probe")).trainable_names == ()
