import numpy as np
import pytest
import torch

from foodcls.recipe.train_settings import Extras, Train
from foodcls.train.batches import (
    cut_batches,
    epoch_batches,
    iterate_batches,
    mixup,
    shuffled_indices,
)
from foodcls.train.dataset import TrainVal


@pytest.mark.parametrize(
    ("count", "sizes"), [(10, [5, 5]), (11, [5, 6]), (12, [5, 5, 2]), (6, [6]), (3, [3]), (1, [1])]
)
def test_batches_take_each_place_once_and_no_batch_is_alone(count: int, sizes: list[int]) -> None:
    batches = cut_batches(shuffled_indices(count, seed=0, epoch=1), 5)
    assert [len(batch) for batch in batches] == sizes
    assert sorted(int(index) for batch in batches for index in batch) == list(range(count))


def test_each_epoch_has_an_order_of_its_own() -> None:
    first, again, other = (shuffled_indices(50, 0, epoch).tolist() for epoch in (1, 1, 2))
    assert first == again != other


def test_batches_come_in_order_with_their_classes(train_val: TrainVal, settings: Train) -> None:
    batches = epoch_batches(train_val.train, settings, 1)
    found = list(iterate_batches(train_val.train, batches, settings, train_val.classes, 1))
    assert [batch.number for batch in found] == list(range(len(batches)))
    for batch, indices in zip(found, batches, strict=True):
        assert np.array_equal(batch.indices, indices)
        assert torch.equal(batch.inputs[0], train_val.train.take(indices, 1)[0])
        assert batch.targets is batch.truth
        assert batch.truth.tolist() == train_val.train.targets[indices].tolist()


def test_mixup_blends_inputs_and_answers_alike(train_val: TrainVal, settings: Train) -> None:
    mixed = settings.model_copy(update={"extras": Extras(mixup=5.0)})
    batches = epoch_batches(train_val.train, mixed, 1)
    batch = next(iterate_batches(train_val.train, batches, mixed, train_val.classes, 1))
    assert batch.targets.shape == (20, train_val.classes)
    assert torch.allclose(batch.targets.sum(1), torch.ones(20))
    # nothing of the pictures' own truth is forgotten
    assert (batch.targets[torch.arange(20), batch.truth] > 0).all()
    assert not torch.equal(batch.inputs[0], train_val.train.take(batches[0], 1)[0])


INPUTS = torch.arange(24).reshape(6, 4).to(torch.uint8)
TARGETS = torch.eye(6)


def test_inputs_and_targets_are_blended_in_the_same_shares() -> None:
    (mixed,), answers = mixup([INPUTS], TARGETS, alpha=1.0, seed=4)
    # what was asked of each row says what it is made of
    assert torch.allclose(mixed, answers @ INPUTS.float(), atol=1e-4)
    assert torch.allclose(answers.sum(1), torch.ones(6))
    assert (answers > 0).sum(1).max() == 2


def test_all_inputs_of_a_batch_are_blended_alike() -> None:
    first, second = mixup([INPUTS, INPUTS * 2.0], TARGETS, 0.4, 1)[0]
    assert torch.allclose(second, first * 2)


def test_the_seed_decides() -> None:
    same, again, other = (mixup([INPUTS], TARGETS, 1.0, seed)[1] for seed in (1, 1, 2))
    assert torch.equal(same, again) and not torch.equal(same, other)
