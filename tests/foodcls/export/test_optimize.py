from collections.abc import Callable

import pytest
import torch
from torch import nn

from foodcls.export.optimize import OptimizedNetwork
from foodcls.network.backbones import Backbone, make_backbone
from foodcls.network.network import Network, make_head


@pytest.mark.parametrize("name", ["resnet18", "test_efficientnet", "test_vit"])
def test_it_gives_the_networks_logits_within_rounding(name: str) -> None:
    backbone = make_backbone(name, "none", 160)
    network = Network(backbone, make_head(backbone.features, 6, 3, 0.3, 0), ("all",))
    pixels = torch.randint(0, 256, (2, 3, 160, 160), dtype=torch.uint8)
    wanted = network.eval()(pixels)
    assert torch.allclose(OptimizedNetwork(network, 160)(pixels), wanted, rtol=1e-4, atol=1e-5)


def test_the_network_itself_stays_as_it_was(tiny_backbone: Callable[[], Backbone]) -> None:
    network = Network(tiny_backbone(), make_head(8, 6, 3, 0.3, 0), ("conv2",)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimized = OptimizedNetwork(network, 32)
    assert network.training and any(weight.requires_grad for weight in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert any(isinstance(one, nn.BatchNorm2d) for one in network.modules())
    assert not any(isinstance(one, nn.BatchNorm2d) for one in optimized.modules())


def test_what_cannot_be_traced_is_taken_as_it_is(tiny_backbone: Callable[[], Backbone]) -> None:
    class Moody(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.module(pixels if float(pixels.mean()) > -1000 else -pixels)

    backbone = tiny_backbone()
    moody = Backbone("moody", Moody(backbone.module), 8, backbone.mean, backbone.std, "")
    network = Network(moody, make_head(8, 6, 3, 0.3, 0), ())
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    assert torch.allclose(OptimizedNetwork(network, 32)(pixels), network(pixels), atol=1e-6)
