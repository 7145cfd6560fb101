import torch

from foodcls.train.mixup import blend

INPUTS = torch.arange(24).reshape(6, 4).to(torch.uint8)
TARGETS = torch.eye(6)


def test_inputs_and_targets_are_blended_in_the_same_shares() -> None:
    (mixed,), answers = blend([INPUTS], TARGETS, alpha=1.0, seed=4)
    # what was asked of each row says what it is made of
    assert torch.allclose(mixed, answers @ INPUTS.float(), atol=1e-4)
    assert torch.allclose(answers.sum(1), torch.ones(6))
    assert (answers > 0).sum(1).max() == 2


def test_all_inputs_of_a_batch_are_blended_alike() -> None:
    first, second = blend([INPUTS, INPUTS * 2.0], TARGETS, 0.4, 1)[0]
    assert torch.allclose(second, first * 2)


def test_the_seed_decides() -> None:
    same, again, other = (blend([INPUTS], TARGETS, 1.0, seed)[1] for seed in (1, 1, 2))
    assert torch.equal(same, again) and not torch.equal(same, other)
