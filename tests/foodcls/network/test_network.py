import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from foodcls.errors import InputError
from foodcls.evaluate.inference import predict_rows
from foodcls.export.export import export
from foodcls.features.pixels import read_picture
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.network.backbones import Backbone
from foodcls.network.network import (
    Network,
    join_network,
    make_head,
    signed_roots,
    start_network,
    tta_logits,
    with_own_size,
)
from foodcls.network.resize import as_images, squash_pixels
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.restore import load_network

Maker = Callable[[], Backbone]


def build(maker: Maker, trainable: tuple[str, ...], hidden: int = 5) -> Network:
    return Network(maker(), make_head(8, hidden, 4, 0.3, 0), trainable)


def test_head_is_the_originals() -> None:
    kinds = [type(layer) for layer in make_head(512, 200, 13, 0.3, 0)]
    assert kinds == [nn.Dropout, nn.Linear, nn.Tanh, nn.Dropout, nn.Linear]
    assert [type(layer) for layer in make_head(512, 0, 13, 0.3, 0)] == [nn.Dropout, nn.Linear]


def test_head_depends_on_the_seed_alone() -> None:
    first, again, other = (make_head(8, 5, 4, 0.3, seed)[1].weight for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_head_of_a_probe_gets_signed_roots_of_the_features(tiny_backbone: Maker) -> None:
    settings = Train(method="probe", hidden_units=0, input_size=32)
    backbone, head = tiny_backbone(), make_head(8, 0, 4, 0.3, 0)
    network = join_network(backbone, head, settings)
    pixels = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        features = backbone.module((pixels.float() / 255 - network.mean) / network.std)
        assert torch.allclose(network(pixels), head(features.sqrt()), atol=2e-3)
        assert not torch.allclose(network(pixels), head(features), atol=1e-2)
    assert signed_roots(torch.tensor([-4.0, 0.0, 9.0])).tolist() == pytest.approx([-2, 0, 3])
    assert not join_network(tiny_backbone(), head, Train(trainable=())).takes_roots


@pytest.mark.parametrize(
    ("backbone", "given", "size"),
    [
        ("resnet34", 0, 224),
        ("tf_efficientnet_lite0", 0, 224),
        ("inception_v3", 0, 299),
        ("vit_base_patch16_384", 0, 384),
        ("vit_base_patch16_384", 224, 224),
    ],
)
def test_pictures_are_as_large_as_the_weights_saw_them_unless_it_is_said(
    backbone: str, given: int, size: int
) -> None:
    assert with_own_size(Train(backbone=backbone, input_size=given)).input_size == size


def test_output_is_logits_of_normalized_pixels(tiny_backbone: Maker) -> None:
    network = build(tiny_backbone, ())
    pixels = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8)
    logits = network(pixels)
    wanted = network.head(network.backbone((pixels / 255 - 0.5) / 0.25))
    assert torch.allclose(logits, wanted)
    # softmaxed answers would sum to one and never be negative
    assert bool((logits < 0).any())
    assert not torch.allclose(logits.sum(1), torch.ones(3))


@pytest.mark.parametrize(
    ("trainable", "learns"),
    [
        ((), set()),
        (("conv2",), {"conv2.weight"}),
        (("bn2", "conv2"), {"conv2.weight", "bn2.weight", "bn2.bias"}),
    ],
)
def test_only_the_named_modules_and_the_head_learn(
    tiny_backbone: Maker, trainable: tuple[str, ...], learns: set[str]
) -> None:
    network = build(tiny_backbone, trainable)
    found = {name for name, p in network.backbone.named_parameters() if p.requires_grad}
    assert found == learns
    assert all(p.requires_grad for p in network.head.parameters())


def test_all_trains_everything(tiny_backbone: Maker) -> None:
    network = build(tiny_backbone, ("all",)).train()
    assert all(p.requires_grad for p in network.parameters())
    assert network.backbone.bn1.training


def test_frozen_statistics_never_move(tiny_backbone: Maker) -> None:
    network = build(tiny_backbone, ("conv2", "bn2")).train()
    frozen = {name: value.clone() for name, value in network.backbone.bn1.state_dict().items()}
    moving = network.backbone.bn2.running_mean.clone()
    for _ in range(3):
        network(torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8))
    for name, value in network.backbone.bn1.state_dict().items():
        assert torch.equal(value, frozen[name])
    assert not torch.equal(network.backbone.bn2.running_mean, moving)
    assert network.training and not network.eval().backbone.bn2.training


@pytest.mark.parametrize("name", ["layer4", "", "conv", "all "])
def test_an_unknown_module_is_refused_with_the_names_there_are(
    tiny_backbone: Maker, name: str
) -> None:
    with pytest.raises(InputError, match="conv1, bn1, relu1"):
        build(tiny_backbone, (name,))


def test_a_module_without_weights_is_refused(tiny_backbone: Maker) -> None:
    with pytest.raises(InputError, match="'relu1' is no module of the backbone with weights"):
        build(tiny_backbone, ("relu1",))


PIXELS = torch.randint(0, 256, (2, 3, 5, 5), generator=torch.Generator().manual_seed(0)).float()


def corner(pixels: Tensor) -> Tensor:
    """Logits that depend on the upper left pixel alone."""
    return pixels[:, :, 0, 0] / 50


def test_one_view_is_the_answer_itself() -> None:
    assert torch.equal(tta_logits(corner, PIXELS, 1, 5), corner(PIXELS))


@pytest.mark.parametrize("views", [2, 4])
def test_the_softmax_is_the_mean_probability_over_the_views(views: int) -> None:
    corners = [(0, 0), (0, -1), (-1, 0), (-1, -1)][:views]
    wanted = torch.stack([(PIXELS[:, :, y, x] / 50).softmax(1) for y, x in corners]).mean(0)
    assert torch.allclose(tta_logits(corner, PIXELS, views, 5).softmax(1), wanted, atol=1e-6)


def test_a_mirrored_picture_gets_the_same_answer() -> None:
    mirrored = tta_logits(corner, PIXELS.flip(3), 2, 5)
    assert torch.allclose(mirrored, tta_logits(corner, PIXELS, 2, 5), atol=1e-6)


def test_judge_and_exported_file_answer_by_the_mean_over_views(
    trained: tuple[Checkpoint, pd.DataFrame], store: Store, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    extras = checkpoint.settings.extras.model_copy(update={"tta": 2})
    settings = checkpoint.settings.model_copy(update={"extras": extras})
    twice = dataclasses.replace(checkpoint, settings=settings)
    network = load_network(checkpoint, store)
    ref = export(twice, manifest, store, {})
    exported = torch.jit.load(io.BytesIO(store.read(ref.blob)))
    rows = split_rows(manifest, "test")
    answers, _ = predict_rows(twice, rows, FeatureCache(store, tmp_path))
    for digest, answer in zip(rows["picture"], answers, strict=True):
        pixels = as_images(read_picture(digest, store)[None])
        squashed = as_images(squash_pixels(read_picture(digest, store), 32)[None])
        with torch.no_grad():
            views = torch.cat([network(squashed), network(squashed.flip(3))])
        wanted = views.softmax(1).mean(0)
        assert torch.allclose(exported(pixels)[0][0], wanted, atol=1e-5)
        assert torch.allclose(torch.from_numpy(answer).float(), wanted, atol=1e-5)


def test_three_views_magnify_the_middle() -> None:
    pixels = torch.zeros(1, 3, 40, 40)
    pixels[:, :, 12:28, 12:28] = 200
    seen: list[Tensor] = []

    def mean(view: Tensor) -> Tensor:
        seen.append(view)
        return view.mean((2, 3))[:, :2]

    tta_logits(mean, pixels, 3, 40)
    assert {view.shape for view in seen} == {pixels.shape} and seen[0] is pixels
    # a share of the area: 16 of 40, of 30 and of 22 pixels a side
    for view, side in zip(seen, (40, 30, 22), strict=True):
        assert view.mean() / 200 == pytest.approx((16 / side) ** 2, abs=0.02)


def test_a_probe_learns_the_head_alone_and_gentle_fine_tuning_no_norm() -> None:
    settings = Train(backbone="test_efficientnet", weights="none", trainable=("blocks.4",),
                     hidden_units=0, input_size=32)  # fmt: skip
    learnt = {}
    for method in ("finetune", "probe", "probe_then_finetune"):
        _, network = start_network(settings.model_copy(update={"method": method}), 3)
        network.train()
        names = {name for name, weight in network.named_parameters() if weight.requires_grad}
        moving = any(isinstance(one, nn.BatchNorm2d) and one.training for one in network.modules())
        learnt[method] = names, moving
    assert all(name.startswith("head") for name in learnt["probe"][0]) and learnt["finetune"][1]
    gone = learnt["finetune"][0] - learnt["probe_then_finetune"][0]
    assert gone and all(".bn" in name for name in gone)
    assert not learnt["probe"][1] and not learnt["probe_then_finetune"][1]
