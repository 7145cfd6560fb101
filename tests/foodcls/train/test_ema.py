from collections.abc import Callable

import pytest
import torch

from foodcls.network.network import Network
from foodcls.train.ema import copy_tensors, start_ema, trainable_state
from foodcls.train.learner import Learner

Build = Callable[..., Learner]


@pytest.fixture
def network(build: Build) -> Network:
    return build(("conv2", "bn2")).network


def test_only_what_training_changes_is_averaged(network: Network) -> None:
    names = set(trainable_state(network))
    assert {"backbone.conv2.weight", "backbone.bn2.running_mean", "head.1.weight"} <= names
    assert not any("conv1" in name or "bn1" in name for name in names)


def test_the_average_follows_slowly_and_forgets_its_beginning(network: Network) -> None:
    ema = start_ema(network, decay=0.75)
    assert ema is not None
    weight = network.head[1].bias
    begun = weight.detach().clone()
    with torch.no_grad():
        weight.copy_(begun + 1)
    ema.update(network, step=100)
    held = ema.tensors["head.1.bias"]
    assert torch.allclose(held, begun + 0.25, atol=1e-6)
    ema.update(network, step=101)
    assert torch.allclose(held, begun + 1 - 0.75**2, atol=1e-6)
    # at first most of what was before is forgotten
    early = start_ema(network, decay=0.75)
    assert early is not None
    with torch.no_grad():
        weight.add_(1)
    early.update(network, step=0)
    assert torch.allclose(early.tensors["head.1.bias"], begun + 1.9, atol=1e-6)


def test_counters_are_taken_over_as_they_are(network: Network) -> None:
    ema = start_ema(network, decay=0.9)
    assert ema is not None
    network.get_buffer("backbone.bn2.num_batches_tracked").fill_(7)
    ema.update(network, 5)
    assert ema.tensors["backbone.bn2.num_batches_tracked"] == 7


def test_standing_in_is_over_with_the_block(network: Network) -> None:
    ema = start_ema(network, decay=0.5)
    assert ema is not None
    begun = copy_tensors(trainable_state(network))
    with torch.no_grad():
        network.head[1].bias.add_(1)
    with ema.swapped_into(network):
        assert torch.equal(network.head[1].bias, begun["head.1.bias"])
    assert torch.equal(network.head[1].bias, begun["head.1.bias"] + 1)


def test_no_average_is_kept_for_a_decay_of_nothing(network: Network) -> None:
    assert start_ema(network, 0.0) is None
