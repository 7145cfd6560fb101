"""Backbones and weights that cannot be had are told of without waiting for torch."""

import subprocess
import sys
from pathlib import Path

import pytest

import foodcls.network.at_hand as at_hand
from foodcls.errors import InputError
from foodcls.network.at_hand import check_backbone, known_names
from foodcls.recipe.recipe import load_recipe
from foodcls.recipe.train_settings import Train


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hubs at a port where nobody listens."""
    monkeypatch.setattr(at_hand, "HUBS", dict.fromkeys(at_hand.HUBS, "http://127.0.0.1:9/"))


def test_an_unknown_backbone_is_named_with_those_that_are_near() -> None:
    with pytest.raises(InputError, match=r"'resnet43'.*did you mean.*resnet34"):
        check_backbone(Train(backbone="resnet43"), {})


@pytest.mark.parametrize(
    "name", ["resnet", "vit", "dinov2", "model", "hf-hub:timm/resnet18.a1_in1k"]
)
def test_words_of_the_libraries_that_are_no_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="neither torchvision nor timm knows it"):
        check_backbone(Train(backbone=name, weights="none"), {})


@pytest.mark.parametrize(
    "name",
    ["resnet34", "vit_small_patch14_reg4_dinov2", "test_resnet.r160", "convnext_tiny_in22ft1k"],
)
def test_a_known_backbone_without_weights_is_taken(name: str) -> None:
    check_backbone(Train(backbone=name, weights="none"), {})


@pytest.mark.parametrize("name", ["resnet34", "mobilenetv4_conv_small"])
def test_weights_that_cannot_be_had_are_told_of_with_lines_that_work(
    name: str, tmp_path: Path
) -> None:
    homes = {"TORCH_HOME": str(tmp_path), "HF_HOME": str(tmp_path)}
    with pytest.raises(InputError, match="cannot be reached") as caught:
        check_backbone(Train(backbone=name), homes)
    assert "whose weights are installed; or" in str(caught.value)
    line = str(caught.value).partition("ways out: `")[2].partition("`")[0]
    path = tmp_path / "r.yaml"
    path.write_text(f"name: r\nclasses: [a, b]\ncollect: {{folder: .}}\n{line}\n")
    check_backbone(load_recipe(path).train, homes)
    # downloaded before
    for place in ("hub/checkpoints/resnet34-b627a593.pth", f"hub/models--timm--{name}.e2400/x"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    check_backbone(Train(backbone=name), homes)


def test_the_names_read_from_sources_are_those_that_the_libraries_list() -> None:
    from foodcls.network.model_zoo import timm, torchvision

    assert all(map(timm.is_model, known_names("timm"))), "old names too"
    assert set(timm.list_models()) <= set(known_names("timm"))
    listed = torchvision.models.list_models(module=torchvision.models)
    assert set(listed) <= set(known_names("torchvision"))


def test_nothing_slow_is_imported() -> None:
    program = "import sys, foodcls.network.module_names; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True)
    assert not {"torch", "timm", "torchvision", "pandas"} & set(done.stdout.split())
