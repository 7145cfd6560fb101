"""What is kept of the usual backbones is what the libraries build."""

import json

import pytest
import torch

from foodcls.errors import InputError
from foodcls.network.backbones import make_backbone, own_size
from foodcls.network.module_names import KEPT, check_trainable, installed_versions


def test_the_kept_names_are_of_the_versions_that_are_installed() -> None:
    """Else run benchmarks/module_names.py: a wrong name would be found late."""
    assert json.loads(KEPT.read_text())["versions"] == installed_versions()


@pytest.mark.parametrize("name", ["resnet18", "tf_efficientnet_lite0", "mobilenetv4_conv_small"])
def test_each_module_with_weights_may_be_named_and_no_other(name: str) -> None:
    module = make_backbone(name, "none", own_size(name)).module
    for inner, part in module.named_modules():
        if any(isinstance(one, torch.nn.Parameter) for one in part.parameters()) and inner:
            assert check_trainable(name, [inner])
        else:
            with pytest.raises(InputError, match="no module of the backbone with weights"):
                check_trainable(name, [inner])


def test_a_wrong_name_is_told_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"'layer4' is no module.*conv_stem, bn1, blocks, conv_h"):
        check_trainable("tf_efficientnet_lite0", ["blocks.6", "layer4"])
    both = "tf_efficientnet_lite0+resnet18"
    assert check_trainable(both, ["members.1.layer4"]) and check_trainable(both, ["all"])
    with pytest.raises(InputError, match=r"'members.0.layer4' is no module.*are members"):
        check_trainable(both, ["members.0.layer4"])


def test_of_a_backbone_that_few_use_a_word_that_none_knows_is_refused() -> None:
    few = "resnet34+test_resnet"
    assert not check_trainable(few, ["members.0.layer9"]) and not check_trainable(few, ["all"])
    with pytest.raises(InputError, match=r"'layerr4' is no module of any.*\['all'\] trains every"):
        check_trainable(few, ["members.0.layer4", "layerr4"])


@pytest.mark.parametrize("name", ["test_vit", "test_resnet", "test_efficientnet", "test_convnext"])
def test_no_module_of_a_backbone_is_taken_for_a_word_that_none_knows(name: str) -> None:
    module = make_backbone(name, "none", own_size(name)).module
    assert not check_trainable(name, [inner for inner, _ in module.named_modules() if inner])
