import numpy as np
import pytest

from foodcls.train.class_balance import balanced_indices, class_weights

TARGETS = np.repeat([0, 1, 3], [10, 3, 5])


def test_each_class_weighs_as_much_and_a_picture_one_in_the_mean() -> None:
    weights = class_weights(np.repeat([0, 1], [10, 30]), 2)
    assert (weights * [10, 30]).tolist() == pytest.approx([20, 20])
    assert class_weights(TARGETS, 4)[TARGETS].sum() == pytest.approx(len(TARGETS) * 3 / 4)
    assert np.isfinite(class_weights(TARGETS, 4)).all()


def test_each_class_is_drawn_as_often_as_the_largest_and_none_of_its_pictures_is_left_out() -> None:
    indices = balanced_indices(TARGETS, seed=0, epoch=1)
    assert np.bincount(TARGETS[indices]).tolist() == [10, 10, 0, 10]
    counts = np.bincount(indices, minlength=len(TARGETS))
    assert counts[:10].tolist() == [1] * 10
    assert sorted(counts[10:13]) == [3, 3, 4]
    assert counts[13:].tolist() == [2] * 5


def test_seed_and_epoch_decide() -> None:
    draws = [balanced_indices(TARGETS, *key).tolist() for key in ((0, 1), (0, 1), (0, 2), (1, 1))]
    assert draws[0] == draws[1] and len({str(draw) for draw in draws}) == 3
