from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from foodcls.network.winograd import CHANNELS, can_use_winograd, convolve, winograd_convolutions

SHAPES = [(3, 7, 7), (2, 14, 14), (2, 9, 5), (4, 1, 1), (1, 12, 8), (2, 2, 13)]


def layer(**changes: object) -> nn.Conv2d:
    options = {"kernel_size": 3, "padding": 1, "bias": False} | changes
    return nn.Conv2d(CHANNELS, CHANNELS + 8, **options)  # type: ignore[arg-type]


def gap(found: Tensor, wanted: Tensor) -> float:
    """The largest difference, in shares of the largest value."""
    return float((found - wanted).detach().abs().max() / wanted.detach().abs().max())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_both_gradients_are_those_of_the_plain_convolution(
    shape: tuple[int, int, int],
) -> None:
    count, height, width = shape
    draw = torch.Generator().manual_seed(1)
    plain = layer()
    pictures = torch.randn(count, CHANNELS, height, width, generator=draw, requires_grad=True)
    wanted = plain(pictures)
    slope = torch.randn(wanted.shape, generator=draw)
    slopes = torch.autograd.grad(wanted, (pictures, plain.weight), slope)
    found = convolve(pictures, plain.weight)
    assert gap(found, wanted) < 3e-5
    for one, other in zip(
        torch.autograd.grad(found, (pictures, plain.weight), slope), slopes, strict=True
    ):
        assert gap(one, other) < 3e-5


@pytest.mark.parametrize(("channels", "side"), [(512, 7), (256, 14)], ids=str)
def test_a_little_over_a_third_of_the_products_are_taken(channels: int, side: int) -> None:
    weight = torch.ones(channels, channels, 3, 3, requires_grad=True)
    pictures = torch.ones(20, channels, side, side, requires_grad=True)
    counts = []
    for way in (convolve, partial(nn.functional.conv2d, padding=1)):
        with FlopCounterMode(display=False) as counter:
            way(pictures, weight).backward(torch.ones_like(pictures))
        counts.append(counter.get_total_flops())
    assert 0.35 < counts[0] / counts[1] < 0.38


def test_it_is_nearer_to_the_truth_than_bf16_by_far() -> None:
    plain, pictures = layer(), torch.randn(2, CHANNELS, 7, 7)
    truth = plain.double()(pictures.double()).float()
    plain.float()
    coarse = plain.bfloat16()(pictures.bfloat16()).float()
    plain.float()
    assert gap(convolve(pictures, plain.weight), plain(pictures)) < gap(coarse, truth) / 50


@pytest.mark.parametrize(
    "changes",
    [
        {"stride": 2},
        {"padding": 0},
        {"dilation": 2, "padding": 2},
        {"groups": 8},
        {"bias": True},
        {"padding_mode": "reflect"},
        {"kernel_size": 1, "padding": 0},
    ],
    ids=str,
)
def test_other_convolutions_are_left_alone(changes: dict[str, object]) -> None:
    assert can_use_winograd(layer())
    assert not can_use_winograd(layer(**changes))


def test_few_channels_and_frozen_weights_are_left_alone() -> None:
    assert not can_use_winograd(nn.Conv2d(CHANNELS - 1, CHANNELS, 3, padding=1, bias=False))
    assert not can_use_winograd(layer().requires_grad_(False))


def test_modules_compute_so_inside_the_block_and_as_before_after_it() -> None:
    network = nn.Sequential(layer(), nn.Conv2d(CHANNELS + 8, 4, 1))
    weight = network[0].weight
    before = weight.detach().clone()
    pictures = torch.randn(2, CHANNELS, 7, 7)
    wanted = network(pictures)
    with winograd_convolutions(network):
        inside = network(pictures)
        assert not torch.equal(inside, wanted) and gap(inside, wanted) < 3e-5
        # an optimizer that holds the weight goes on holding it
        assert network[0].weight is weight and torch.equal(weight, before)
        network.state_dict()
    assert "forward" not in vars(network[0])
    assert torch.equal(weight, before)
    assert torch.allclose(network(pictures), wanted, atol=1e-5)


def test_a_step_of_the_optimizer_is_the_same() -> None:
    pictures = torch.randn(3, CHANNELS, 7, 7)
    learnt = []
    for is_fewer in (False, True):
        torch.manual_seed(0)
        module = layer()
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)
        if is_fewer:
            with winograd_convolutions(module):
                module(pictures).square().mean().backward()
                optimizer.step()
        else:
            module(pictures).square().mean().backward()
            optimizer.step()
        learnt.append(module.weight.detach().clone())
    # Adam's first step is the sign of the gradient: where that is nearly 0 either may come out
    assert ((learnt[0] - learnt[1]).abs() > 1e-5).float().mean() < 1e-3
