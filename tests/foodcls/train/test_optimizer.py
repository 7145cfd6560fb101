from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from foodcls.train.optimizer import DenseAdam


def as_it_is(weight: Tensor) -> Tensor:
    return weight.contiguous()


def channels_last(weight: Tensor) -> Tensor:
    return weight.contiguous(memory_format=torch.channels_last)


def taps_first(weight: Tensor) -> Tensor:
    return weight.permute(2, 3, 0, 1).contiguous().permute(2, 3, 0, 1)


LAYOUTS = (as_it_is, channels_last, taps_first)


def start(lay: Callable[[Tensor], Tensor], kind: type[torch.optim.Adam]) -> torch.optim.Adam:
    draw = torch.Generator().manual_seed(1)
    weight = nn.Parameter(lay(torch.randn(24, 40, 3, 3, generator=draw)))
    bias = nn.Parameter(torch.randn(24, generator=draw))
    unused = nn.Parameter(torch.zeros(3))
    return kind([{"params": [weight, unused]}, {"params": [bias], "lr": 0.3}], lr=0.1, fused=True)


def step(optimiser: torch.optim.Adam, number: int) -> None:
    draw = torch.Generator().manual_seed(100 + number)
    for group in optimiser.param_groups:
        for weight in group["params"]:
            if len(weight) == 24:
                slope = torch.randn(weight.shape, generator=draw)
                weight.grad = torch.empty_like(weight).copy_(slope)
    optimiser.step()


@pytest.mark.parametrize("lay", LAYOUTS)
def test_its_outcome_is_that_of_adam_bit_for_bit(lay: Callable[[Tensor], Tensor]) -> None:
    ours, plain = start(lay, DenseAdam), start(lay, torch.optim.Adam)
    for number in range(4):
        step(ours, number)
        step(plain, number)
    for one, other in zip(ours.param_groups, plain.param_groups, strict=True):
        assert all(map(torch.equal, one["params"], other["params"]))
    found, wanted = (one.state_dict()["state"] for one in (ours, plain))
    assert found.keys() == wanted.keys() == {0, 2}
    for number, state in wanted.items():
        for name, value in state.items():
            assert torch.equal(found[number][name], value)
            assert found[number][name].stride() == value.stride()


@pytest.mark.parametrize("lay", LAYOUTS)
def test_nothing_is_copied_whatever_the_layout(lay: Callable[[Tensor], Tensor]) -> None:
    def copies(optimiser: torch.optim.Adam) -> int:
        step(optimiser, 0)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            optimiser.step()
        return sum(one.count for one in seen.key_averages() if one.key == "aten::copy_")

    least = copies(start(as_it_is, torch.optim.Adam))
    assert copies(start(lay, DenseAdam)) == least
    if lay is not as_it_is:
        # what it is there for: once this fails, torch's own will do
        assert copies(start(lay, torch.optim.Adam)) > least


@pytest.mark.parametrize("lay", LAYOUTS)
def test_moments_from_a_file_are_laid_as_their_weights(lay: Callable[[Tensor], Tensor]) -> None:
    unbroken, resumed = start(lay, DenseAdam), start(lay, DenseAdam)
    for number in range(4):
        step(unbroken, number)
        if number == 2:
            kept = resumed.state_dict()
            for state in kept["state"].values():
                state |= {name: value.contiguous() for name, value in state.items()}
            resumed.load_state_dict(kept)
        step(resumed, number)
    one, other = (optimiser.param_groups[0]["params"][0] for optimiser in (unbroken, resumed))
    assert torch.equal(one, other)


def test_a_gradient_that_lies_otherwise_counts_as_well() -> None:
    ours, plain = start(channels_last, DenseAdam), start(as_it_is, torch.optim.Adam)
    for optimiser in (ours, plain):
        weight = optimiser.param_groups[0]["params"][0]
        weight.grad = torch.arange(weight.numel()).float().sin().view(weight.shape)
        optimiser.step()
    assert torch.equal(ours.param_groups[0]["params"][0], plain.param_groups[0]["params"][0])
