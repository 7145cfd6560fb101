import numpy as np
import pytest

from foodcls.metrics.ranks import average_position, class_means, ranks


def test_rank_counts_the_classes_that_are_as_likely() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.2, 0.2, 0.6], [0.1, 0.2, 0.7]])
    assert ranks(probabilities, np.array([0, 1, 0, 0])).tolist() == [1, 2, 3, 3]


def test_a_constant_model_gets_the_worst_rank() -> None:
    truth = np.array([0, 3, 12])
    assert ranks(np.full((3, 13), 1 / 13), truth).tolist() == [13, 13, 13]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_ranks_refuse_what_is_no_number(bad: float) -> None:
    with pytest.raises(ValueError, match="no numbers"):
        ranks(np.array([[bad, 0.5]]), np.array([0]))


def test_ranks_refuse_an_empty_table() -> None:
    with pytest.raises(ValueError, match="N > 0"):
        ranks(np.zeros((0, 3)), np.zeros(0, dtype=int))


def test_average_position_weighs_classes_alike() -> None:
    # 9 pictures of class 0 at rank 1, one of class 2 at rank 3; class 1 is absent
    truth = np.array([0] * 9 + [2])
    places = np.array([1] * 9 + [3])
    assert average_position(places, truth) == 2.0
    assert places.mean() == 1.2
    assert class_means(places, truth) == {0: 1.0, 2: 3.0}
