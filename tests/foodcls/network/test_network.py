from collections.abc import Callable

import pytest
import torch
from torch import nn

from foodcls.errors import InputError
from foodcls.network.backbones import Backbone
from foodcls.network.network import Network, make_head

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


def test_output_is_logits_of_normalised_pixels(tiny_backbone: Maker) -> None:
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
    with pytest.raises(InputError, match="no weights to train"):
        build(tiny_backbone, ("relu1",))
