import numpy as np
import pytest
import torch

from foodcls.recipe.train_settings import Extras, Train
from foodcls.train.batches import blend, cut_batches, epoch_batches, give_lessons, shuffled_places
from foodcls.train.dataset import Course


@pytest.mark.parametrize(
    ("count", "sizes"), [(10, [5, 5]), (11, [5, 6]), (12, [5, 5, 2]), (6, [6]), (3, [3]), (1, [1])]
)
def test_batches_take_each_place_once_and_no_batch_is_alone(count: int, sizes: list[int]) -> None:
    batches = cut_batches(shuffled_places(count, seed=0, epoch=1), 5)
    assert [len(batch) for batch in batches] == sizes
    assert sorted(int(place) for batch in batches for place in batch) == list(range(count))


def test_each_epoch_has_an_order_of_its_own() -> None:
    first, again, other = (shuffled_places(50, 0, epoch).tolist() for epoch in (1, 1, 2))
    assert first == again != other


def test_lessons_are_the_batches_with_their_classes(course: Course, settings: Train) -> None:
    batches = epoch_batches(course.train, settings, 1)
    lessons = list(give_lessons(course.train, batches, settings, course.classes, 1))
    assert [lesson.number for lesson in lessons] == list(range(len(batches)))
    for lesson, places in zip(lessons, batches, strict=True):
        assert np.array_equal(lesson.places, places)
        assert torch.equal(lesson.inputs[0], course.train.take(places, 1)[0])
        assert lesson.wanted is lesson.truth
        assert lesson.truth.tolist() == course.train.targets[places].tolist()


def test_mixup_blends_inputs_and_answers_alike(course: Course, settings: Train) -> None:
    mixed = settings.model_copy(update={"extras": Extras(mixup=5.0)})
    batches = epoch_batches(course.train, mixed, 1)
    lesson = next(give_lessons(course.train, batches, mixed, course.classes, 1))
    assert lesson.wanted.shape == (20, course.classes)
    assert torch.allclose(lesson.wanted.sum(1), torch.ones(20))
    # nothing of the pictures' own truth is forgotten
    assert (lesson.wanted[torch.arange(20), lesson.truth] > 0).all()
    assert not torch.equal(lesson.inputs[0], course.train.take(batches[0], 1)[0])


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
