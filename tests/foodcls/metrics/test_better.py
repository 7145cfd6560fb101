import numpy as np
import pytest

from foodcls.metrics.better import weigh_gains
from foodcls.metrics.paired_test import mcnemar


def answers(said: list[int], classes: int = 2) -> np.ndarray:
    """Probabilities of a model that names these classes."""
    return np.where(np.arange(classes) == np.array(said)[:, None], 0.9, 0.1 / (classes - 1))


def test_of_single_pictures_and_two_classes_it_is_mcnemars_test_one_sided() -> None:
    # 40 pictures of each class; B alone is right on 9 of them, A alone on 2
    truth = np.arange(80) % 2
    a, b = truth.copy(), truth.copy()
    a[:9], b[9:11] = 1 - a[:9], 1 - b[9:11]
    found = weigh_gains(answers(a), answers(b), truth, np.arange(80))
    # of two classes both figures say the same
    assert found.accuracy == pytest.approx(mcnemar(2, 9) / 2, abs=0.01)
    assert found.average_position == pytest.approx(found.accuracy, abs=0.02)


def test_look_alikes_count_as_one() -> None:
    """The same eight gains are shown by eight groups, and not by two."""
    truth = np.arange(80) % 2
    a = truth.copy()
    a[:8] = 1 - a[:8]
    pairs = answers(a), answers(truth), truth
    assert weigh_gains(*pairs, np.arange(80)).figures(0.05) == ("accuracy", "average_position")
    in_two = np.where(np.arange(80) < 8, np.arange(80) // 4, np.arange(80) - 6)
    assert weigh_gains(*pairs, in_two).figures(0.05) == ()


def test_equal_answers_show_nothing() -> None:
    truth = np.arange(30) % 3
    same = answers(list(truth), 3)
    found = weigh_gains(same, same, truth, np.arange(30))
    assert (found.accuracy, found.average_position) == (1.0, 1.0)


def test_a_worse_model_is_not_better_and_the_same_question_has_the_same_answer() -> None:
    truth = np.arange(60) % 3
    poor = answers(list((truth + (np.arange(60) < 15)) % 3), 3)
    whole = answers(list(truth), 3)
    worse = weigh_gains(whole, poor, truth, np.arange(60))
    assert min(worse.accuracy, worse.average_position) > 0.99
    assert weigh_gains(poor, whole, truth, np.arange(60)) == weigh_gains(
        poor, whole, truth, np.arange(60)
    )
