from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from foodcls.recipe.train_settings import Extras
from foodcls.train.learner import Learner
from foodcls.train.optimizer import DenseAdam, lr_factor, param_groups, stage_of


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


def step(optimizer: torch.optim.Adam, number: int) -> None:
    draw = torch.Generator().manual_seed(100 + number)
    for group in optimizer.param_groups:
        for weight in group["params"]:
            if len(weight) == 24:
                slope = torch.randn(weight.shape, generator=draw)
                weight.grad = torch.empty_like(weight).copy_(slope)
    optimizer.step()


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
    def copies(optimizer: torch.optim.Adam) -> int:
        step(optimizer, 0)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            optimizer.step()
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
    one, other = (optimizer.param_groups[0]["params"][0] for optimizer in (unbroken, resumed))
    assert torch.equal(one, other)


def test_a_gradient_that_lies_otherwise_counts_as_well() -> None:
    ours, plain = start(channels_last, DenseAdam), start(as_it_is, torch.optim.Adam)
    for optimizer in (ours, plain):
        weight = optimizer.param_groups[0]["params"][0]
        weight.grad = torch.arange(weight.numel()).float().sin().view(weight.shape)
        optimizer.step()
    assert torch.equal(ours.param_groups[0]["params"][0], plain.param_groups[0]["params"][0])


Build = Callable[..., Learner]


def shares(extras: Extras, epochs: int = 4, an_epoch: int = 5) -> list[float]:
    return [lr_factor(step, epochs * an_epoch, an_epoch, extras) for step in range(20)]


def test_the_rate_stays_as_it_is_unless_asked() -> None:
    assert shares(Extras()) == [1.0] * 20


def test_warm_up_rises_in_equal_parts() -> None:
    assert shares(Extras(warmup=1))[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1])
    # part of an epoch will do, and a warm-up longer than the training ends on the way
    assert shares(Extras(warmup=0.5))[:4] == pytest.approx([0.4, 0.8, 1, 1])
    assert shares(Extras(warmup=8))[-1] == pytest.approx(0.5)


def test_the_cosine_falls_from_the_full_rate_to_nearly_nothing() -> None:
    found = shares(Extras(warmup=1, cosine=True))
    assert found[5] == 1 and found[5:] == sorted(found[5:], reverse=True)
    assert found[12] == pytest.approx(0.5, abs=0.06) and 0 < found[-1] < 0.02


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("conv1.weight", "conv1"),
        ("layer4.0.conv1.weight", "layer4.0"),
        ("blocks.6.0.bn1.bias", "blocks.6"),
        ("cls_token", "cls_token"),
        ("patch_embed.proj.weight", "patch_embed"),
    ],
)
def test_a_stage_is_a_child_or_one_of_a_row(name: str, stage: str) -> None:
    assert stage_of(name) == stage


def test_the_head_learns_at_the_full_rate_and_each_stage_below_at_a_share(build: Build) -> None:
    network = build(("conv2", "bn2")).network
    groups = param_groups(network, 0.1, 0.5)
    assert [group["lr"] for group in groups] == pytest.approx([0.1, 0.05, 0.025])
    wanted = [network.head, network.backbone.bn2, network.backbone.conv2]
    for group, module in zip(groups, wanted, strict=True):
        assert list(map(id, group["params"])) == list(map(id, module.parameters()))


def test_all_that_trains_is_in_a_group_once_and_in_one_without_decay(build: Build) -> None:
    network = build(("all",)).network
    trains = {id(weight) for weight in network.parameters()}
    for decay, count in ((1.0, 1), (0.9, 5)):
        groups = param_groups(network, 0.1, decay)
        found = [id(weight) for group in groups for weight in group["params"]]
        assert len(groups) == count and len(found) == len(set(found)) and set(found) == trains
