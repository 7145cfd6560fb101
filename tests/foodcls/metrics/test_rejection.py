import numpy as np
import pytest

from foodcls.metrics.rejection import Side, measure_rejection
from foodcls.metrics.separation import accepted_share, auroc, keeping_threshold


def test_auroc_counts_pairs_and_ties_for_half() -> None:
    known, strangers = np.array([0.9, 0.5, 0.4]), np.array([0.5, 0.1])
    wins = [(one > other) + (one == other) / 2 for one in known for other in strangers]
    assert auroc(known, strangers) == pytest.approx(np.mean(wins))
    assert (auroc(known, known), auroc(known + 1, known - 1)) == (0.5, 1.0)


@pytest.mark.parametrize("count", [1, 7, 20, 100])
def test_at_least_the_share_of_the_known_is_kept_and_no_picture_more(count: int) -> None:
    known = np.random.default_rng(count).random(count)
    lowest = keeping_threshold(known, 0.95)
    assert (known >= lowest).mean() >= 0.95
    assert lowest in known and (known > lowest).mean() < 0.95 + 1e-9


def test_strangers_count_by_kind_and_a_group_as_one_draw() -> None:
    known = Side(np.linspace(0.1, 1, 100), np.arange(100))
    scores, kinds = np.array([0.05, 0.05, 0.5, 0.5, 0.0]), ["car", "car", "logo", "logo", "car"]
    alone = measure_rejection("knn", 0.3, known, Side(scores, np.arange(5)), kinds)
    assert alone.accepted.value == 0.4 and (alone.n, alone.groups) == (5, 5)
    assert [(one.kind, one.n, one.accepted.value) for one in alone.by_kind] == [
        ("car", 3, 0.0), ("logo", 2, 1.0)
    ]  # fmt: skip
    assert alone.kept.value == (known.scores >= 0.3).mean()
    assert alone.accepted_at_95.value == accepted_share(known.scores, scores, 0.95) == 0.4
    together = measure_rejection("knn", 0.3, known, Side(scores, np.array([0, 0, 1, 1, 2])), kinds)
    assert together.groups == 3 and together.accepted.high > alone.accepted.high
