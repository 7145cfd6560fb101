import copy
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor, fx, nn

from foodcls.network.backbones import Backbone, make_backbone
from foodcls.network.model_zoo import torchvision
from foodcls.network.network import Network, make_head
from foodcls.network.partition import Partition, fuse_batch_norms, partition_network
from foodcls.network.seeds import seeded

# torchvision's smallest has 88 million weights, and this one 30,000
SMALL_VIT = "a small vision transformer of torchvision's"
CASES = {
    "one stage": ("resnet18", ("layer4",), 1),
    "inside a residual block": ("resnet18", ("layer4.0.conv2",), 2),
    "head alone": ("resnet18", (), 1),
    "batch normalization with activation": ("test_efficientnet", ("blocks.4", "conv_head"), 1),
    "transformer": ("test_vit", ("blocks.5", "norm"), 1),
    "shapes asked for before the cut": ("pvt_v2_b0", ("stages",), 2),
    "attention of torch's own": (SMALL_VIT, ("encoder.layers.encoder_layer_1",), 1),
    "dense connections": ("test_resnet", ("layer4",), 2),
}


@cache
def draw_backbone(name: str) -> Backbone:
    """Its random weights, drawn once."""
    if name != SMALL_VIT:
        return make_backbone(name, "none", 32)
    with seeded("vit"):
        module = torchvision.models.VisionTransformer(32, 16, 2, 2, hidden_dim=32, mlp_dim=64)
    module.heads = nn.Identity()
    return Backbone(name, module.eval(), 32, (0.5,) * 3, (0.25,) * 3, "digest of the small one")


def build(name: str, trainable: tuple[str, ...]) -> Network:
    backbone = copy.deepcopy(draw_backbone(name))
    return Network(backbone, make_head(backbone.features, 6, 5, 0.5, 0), trainable)


def pixels(count: int = 3) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, 32, 32), generator=draw, dtype=torch.uint8)


def through(partition: Partition, pictures: Tensor) -> Tensor:
    assert partition.trunk is not None
    answer: Tensor = partition.tail(*partition.trunk(pictures))
    return answer


@pytest.mark.parametrize(("name", "trainable", "outputs"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("training", [False, True], ids=["evaluating", "training"])
def test_trunk_and_tail_answer_as_the_whole(
    name: str, trainable: tuple[str, ...], outputs: int, training: bool
) -> None:
    network = build(name, trainable).train(training)
    twin = copy.deepcopy(network)
    partition = partition_network(network, 32)
    network.train(training)
    with seeded("dropout"):
        found = through(partition, pixels())
    with seeded("dropout"):
        wanted = twin(pixels())
    assert partition.outputs == outputs
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)
    # training moved the statistics of both alike, and splitting moved none
    for name, value in twin.state_dict().items():
        assert torch.allclose(network.state_dict()[name].float(), value.float(), atol=1e-5)


@pytest.mark.parametrize(("name", "trainable", "outputs"), CASES.values(), ids=CASES)
def test_trunk_and_tail_follow_the_network_to_another_device(
    name: str, trainable: tuple[str, ...], outputs: int
) -> None:
    # a device without memory, for machines without a graphics card
    elsewhere = torch.device("meta")
    network = build(name, trainable)
    partition = partition_network(network, 32)
    network.to(elsewhere)
    partition.to(elsewhere)
    assert through(partition, pixels().to(elsewhere)).device == elsewhere


def test_trunk_holds_nothing_that_learns() -> None:
    partition = partition_network(build("resnet18", ("layer4",)), 32)
    assert partition.trunk is not None
    assert not any(weight.requires_grad for weight in partition.trunk.parameters())
    assert "backbone.layer3.1.conv2.weight" in partition.trunk.state_dict()
    assert "backbone.layer4.0.conv1.weight" in partition.tail.state_dict()
    assert not any("layer3" in name for name in partition.tail.state_dict())


@pytest.mark.parametrize("hidden", [0, 6])
def test_the_heads_first_dropout_drops_though_nothing_before_it_learns(hidden: int) -> None:
    backbone = make_backbone("test_efficientnet", "none", 32)
    network = Network(backbone, make_head(backbone.features, hidden, 5, 0.5, 0), ()).train()
    partition = partition_network(network, 32)
    network.train()
    assert partition.trunk is not None
    kept = partition.trunk(pixels())
    assert torch.equal(kept[0], partition.trunk(pixels())[0])
    kinds = [type(module) for module in partition.tail.modules()]
    assert kinds.count(nn.Dropout) == 1 + (hidden > 0)
    assert not torch.equal(partition.tail(*kept), partition.tail(*kept))


def test_tail_trains_the_networks_own_weights() -> None:
    network = build("resnet18", ("layer4",))
    partition = partition_network(network, 32)
    through(partition, pixels()).sum().backward()
    assert all((p.grad is not None) == p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("trainable", [("all",), ("conv1", "layer4")])
def test_nothing_frozen_before_training_means_no_trunk(trainable: tuple[str, ...]) -> None:
    network = build("resnet18", trainable)
    partition = partition_network(network, 32)
    assert partition.trunk is None
    assert partition.tail is network


class Branching(nn.Module):
    """Asks for the values, which a tracer cannot know."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 8)
        self.more = nn.Linear(8, 8)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.linear(pictures.mean((2, 3)))
        return self.more(features) if features.sum() > 0 else features


class Moody(Branching):
    """Behaves otherwise in training in a way that a trace of evaluation does not show."""

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.more(self.linear(pictures.mean((2, 3))))
        return features * 2 if self.more.training else features


@pytest.mark.parametrize("kind", [Branching, Moody])
def test_what_cannot_be_traced_faithfully_gets_no_trunk(
    kind: type[nn.Module], tiny_backbone: Callable[[], Backbone]
) -> None:
    backbone = Backbone("odd", kind(), 8, (0.5,) * 3, (0.5,) * 3, "")
    network = Network(backbone, make_head(8, 0, 3, 0.0, 0), ("more",))
    assert partition_network(network, 32) == Partition(trunk=None, tail=network)


def stir(module: nn.Module) -> None:
    """Give each batch normalization statistics and weights of its own, as training does."""
    draw = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.running_mean, part.running_var, part.weight.data, part.bias.data):
                values.copy_(torch.rand(values.shape, generator=draw) + 0.5)


@pytest.mark.parametrize("name", ["resnet18", "test_efficientnet", "test_resnet", "test_vit"])
def test_a_folded_trunk_gives_the_same(name: str) -> None:
    backbone = make_backbone(name, "none", 32)
    stir(backbone.module)
    network = Network(backbone, make_head(backbone.features, 0, 3, 0.0, 0), ())
    trunk = partition_network(network, 32).trunk
    assert trunk is not None
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        (wanted,), (found,) = trunk(pixels), fuse_batch_norms(trunk)(pixels)
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max()))


def test_all_views_of_a_picture_are_folded() -> None:
    backbone = make_backbone("test_efficientnet", "none", 32)
    stir(backbone.module)
    network = Network(backbone, make_head(backbone.features, 0, 3, 0.0, 0), ())
    network.tta_views, network.input_size = 3, 32
    trunk = partition_network(network, 32).trunk
    assert trunk is not None
    folded, pixels = fuse_batch_norms(trunk), torch.rand(2, 3, 32, 32) * 255
    assert count_norms(trunk) > 0 == count_norms(folded)
    with torch.no_grad():
        for wanted, found in zip(trunk(pixels), folded(pixels), strict=True):
            assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max()))


def count_norms(module: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())


def test_all_normalization_of_a_resnet_is_folded_and_the_trunk_left_alone() -> None:
    trunk = fx.symbolic_trace(make_backbone("resnet18", "none", 32).module)
    assert (count_norms(trunk), count_norms(fuse_batch_norms(trunk)), count_norms(trunk)) == (
        20,
        0,
        20,
    )


class Shared(nn.Module):
    """Uses the convolution's output twice, so that it must not change."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        found = self.conv(pictures)
        return self.norm(found) + found


def test_what_is_used_elsewhere_stays() -> None:
    module = Shared().eval()
    stir(module)
    trunk = fx.symbolic_trace(module)
    pictures = torch.rand(2, 3, 8, 8)
    assert torch.equal(fuse_batch_norms(trunk)(pictures), module(pictures))
    assert count_norms(fuse_batch_norms(trunk)) == 1
