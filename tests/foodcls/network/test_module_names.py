"""What is kept of the backbones is what the libraries build."""

import json

import pytest

from foodcls.errors import InputError
from foodcls.network.backbones import make_backbone, own_size
from foodcls.network.module_names import KEPT, check_trainable, installed_versions


def test_the_kept_names_are_of_the_versions_that_are_installed() -> None:
    """Else run benchmarks/module_names.py: a wrong name would be found late."""
    assert json.loads(KEPT.read_text())["versions"] == installed_versions()


@pytest.mark.parametrize(
    "name",
    ["resnet18", "tf_efficientnet_lite0", "mobilenetv4_conv_small", "regnet_x_400mf", "test_vit"],
)
def test_each_module_with_weights_may_be_named_and_no_other(name: str) -> None:
    module = make_backbone(name, "none", own_size(name)).module
    parts = dict(module.named_modules())
    learn = {inner for inner in parts if inner and any(True for _ in parts[inner].parameters())}
    assert check_trainable(name, sorted(learn))
    for inner in parts.keys() - learn:
        with pytest.raises(InputError, match="no module of the backbone with weights"):
            check_trainable(name, [inner])


def test_a_wrong_name_is_told_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"'layer4' is no module.*conv_stem, bn1, blocks, conv_h"):
        check_trainable("tf_efficientnet_lite0", ["blocks.6", "layer4"])
    both = "tf_efficientnet_lite0+resnet18"
    assert check_trainable(both, ["members.1.layer4"]) and check_trainable(both, ["all"])
    with pytest.raises(InputError, match=r"'members.0.layer4' is no module.*are members"):
        check_trainable(both, ["members.0.layer4"])


def test_a_module_of_another_family_is_refused_whatever_the_backbone() -> None:
    """It took 4.8 s where few use the backbone: the name is a real one, of others."""
    with pytest.raises(InputError, match=r"'layer4' is no module.*are stem, stages, or parts"):
        check_trainable("repvgg_a1", ["stages.3", "layer4"])
    with pytest.raises(InputError, match=r"'blocks.12' is no module"):
        check_trainable("vit_tiny_patch16_224.augreg_in21k", ["blocks.11", "blocks.12"])
    assert check_trainable("regnet_x_400mf", ["trunk_output.block4"])  # torchvision's
    assert check_trainable("regnetx_004", ["s4"])


@pytest.fixture
def other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foodcls.network.module_names.installed_versions", dict)


@pytest.mark.usefixtures("other_versions")
def test_of_other_versions_a_word_that_none_knows_is_refused() -> None:
    few = "resnet34+test_resnet"
    assert not check_trainable(few, ["members.0.layer9"]) and not check_trainable(few, ["all"])
    with pytest.raises(InputError, match=r"'layerr4' is no module of any.*\['all'\] trains every"):
        check_trainable(few, ["members.0.layer4", "layerr4"])


@pytest.mark.usefixtures("other_versions")
@pytest.mark.parametrize("name", ["test_vit", "test_resnet", "test_efficientnet", "test_convnext"])
def test_no_module_of_a_backbone_is_taken_for_a_word_that_none_knows(name: str) -> None:
    module = make_backbone(name, "none", own_size(name)).module
    assert not check_trainable(name, [inner for inner, _ in module.named_modules() if inner])
