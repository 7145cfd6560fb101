from collections.abc import Callable

import pytest

from foodcls.recipe.train_settings import Extras
from foodcls.train.learner import Learner
from foodcls.train.rates import rate_share, stage_of, weight_groups

Build = Callable[..., Learner]


def shares(extras: Extras, epochs: int = 4, an_epoch: int = 5) -> list[float]:
    return [rate_share(step, epochs * an_epoch, an_epoch, extras) for step in range(20)]


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
    groups = weight_groups(network, 0.1, 0.5)
    assert [group["lr"] for group in groups] == pytest.approx([0.1, 0.05, 0.025])
    wanted = [network.head, network.backbone.bn2, network.backbone.conv2]
    for group, module in zip(groups, wanted, strict=True):
        assert list(map(id, group["params"])) == list(map(id, module.parameters()))


def test_all_that_trains_is_in_a_group_once_and_in_one_without_decay(build: Build) -> None:
    network = build(("all",)).network
    trains = {id(weight) for weight in network.parameters()}
    for decay, count in ((1.0, 1), (0.9, 5)):
        groups = weight_groups(network, 0.1, decay)
        found = [id(weight) for group in groups for weight in group["params"]]
        assert len(groups) == count and len(found) == len(set(found)) and set(found) == trains
