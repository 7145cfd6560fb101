"""Decisions change what comes next; a picture never speaks for itself."""

import numpy as np
import pytest

from foodcls.evaluate.likeness import Likeness, pick_shares
from foodcls.review.live_order import LEFT, STRANGER, judge_doubts, next_group

CLASSES, EACH, STRANGERS = 3, 40, 30
COUNT = CLASSES * EACH + STRANGERS


@pytest.fixture
def given() -> np.ndarray:
    """Three classes; strangers are spread over them."""
    return np.concatenate([np.repeat(np.arange(CLASSES), EACH), np.arange(STRANGERS) % CLASSES])


@pytest.fixture
def likeness(given: np.ndarray) -> Likeness:
    """Four clouds, one of them strangers; what was found before knows nothing of them."""
    rng = np.random.default_rng(0)
    cloud = np.concatenate([np.repeat(np.arange(CLASSES), EACH), np.full(STRANGERS, CLASSES)])
    rows = np.eye(8)[cloud] + rng.normal(0, 0.15, (COUNT, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    shares = np.full((COUNT, CLASSES), 1 / CLASSES)
    ids = tuple(f"{place:064x}" for place in range(COUNT))
    parts = pick_shares(shares, given)
    return Likeness(ids, rows.astype(np.float16), *parts, ("pesto", "bread", "salad"))


def test_after_some_drops_their_like_comes_first(likeness: Likeness, given: np.ndarray) -> None:
    decided = np.full(COUNT, LEFT)
    decided[-12:] = STRANGER
    decided[[0, 40, 80]] = given[[0, 40, 80]]
    doubt = judge_doubts(likeness, given, decided)
    group = next_group(doubt, np.flatnonzero(decided == LEFT), 16)
    assert group.kind == "drop"
    # 18 strangers are left
    assert (group.places >= CLASSES * EACH).all() and not set(group.places) & set(range(138, 150))


def test_a_moved_label_is_found_and_its_class_named(likeness: Likeness, given: np.ndarray) -> None:
    moved = np.array([3, 50, 90])
    given[moved] = (given[moved] + 1) % CLASSES
    decided = np.full(COUNT, LEFT)
    decided[-STRANGERS:] = STRANGER
    # what was found before speaks for the label: the pictures themselves have to contradict it
    doubt = judge_doubts(likeness, given, decided)
    left = np.flatnonzero(decided == LEFT)
    assert set(left[np.argsort(-doubt.moved[left])][:3]) == set(moved)
    assert doubt.guess[moved].tolist() == [0, 1, 2]
    group = next_group(doubt, left, 3)
    assert set(group.places) == set(moved)


def test_nothing_is_learnt_from_pictures_that_are_gone(
    likeness: Likeness, given: np.ndarray
) -> None:
    """As where another run followed the ranking: they are of no class, not of the first."""
    undecided = np.full(COUNT, LEFT)
    gone = np.arange(EACH + 1, 2 * EACH)
    given[gone] = -1
    doubt = judge_doubts(likeness, given, undecided)
    assert doubt.moved[EACH] < 0.5


def test_a_corrected_label_is_no_doubt_any_more(likeness: Likeness, given: np.ndarray) -> None:
    truth = given[5]
    given[5] = (truth + 1) % CLASSES
    undecided = np.full(COUNT, LEFT)
    before = judge_doubts(likeness, given, undecided)
    given[5] = truth
    after = judge_doubts(likeness, given, undecided)
    assert after.moved[5] < before.moved[5]


def test_a_picture_never_speaks_for_itself(likeness: Likeness, given: np.ndarray) -> None:
    # the first of many alike is said to be a stranger: that is no reason to call it one
    decided = np.full(COUNT, LEFT)
    decided[0] = STRANGER
    alone = judge_doubts(likeness, given, decided).stranger
    assert alone[0] <= alone[1:EACH].max()


def test_nothing_left_is_an_empty_group(likeness: Likeness, given: np.ndarray) -> None:
    doubt = judge_doubts(likeness, given, given.copy())
    group = next_group(doubt, np.array([], dtype=int), 16)
    assert group.kind == "look" and len(group.places) == 0
