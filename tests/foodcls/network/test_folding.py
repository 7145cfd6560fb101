import pytest
import torch
from torch import fx, nn

from foodcls.network.backbones import make_backbone
from foodcls.network.folding import fold_norms
from foodcls.network.network import Network, make_head
from foodcls.network.partition import split_network


def stir(module: nn.Module) -> None:
    """Give each batch normalisation statistics and weights of its own, as training does."""
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
    trunk = split_network(network, 32).trunk
    assert trunk is not None
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        (wanted,), (found,) = trunk(pixels), fold_norms(trunk)(pixels)
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max()))


def count_norms(module: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())


def test_all_normalisation_of_a_resnet_is_folded_and_the_trunk_left_alone() -> None:
    trunk = fx.symbolic_trace(make_backbone("resnet18", "none", 32).module)
    assert (count_norms(trunk), count_norms(fold_norms(trunk)), count_norms(trunk)) == (20, 0, 20)


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
    assert torch.equal(fold_norms(trunk)(pictures), module(pictures))
    assert count_norms(fold_norms(trunk)) == 1
