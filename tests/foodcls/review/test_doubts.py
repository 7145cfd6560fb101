"""What comes next hangs on what was decided, and is told only where it is known."""

from collections.abc import Callable

import pandas as pd
import pytest

from foodcls.errors import InputError
from foodcls.review.api import BadRequest, take_labels
from foodcls.review.decisions import Verdict
from foodcls.review.doubts import Doubts, share_interval, show_alike, show_doubts, show_sample
from foodcls.review.session import Session

EACH = 30
STRANGE = range(20, 30)  # of pesto: they look like nothing else


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(EACH)


@pytest.fixture
def doubts(ranked: Callable[..., Session], manifest: pd.DataFrame) -> Doubts:
    """Clouds of pesto, bread and strangers; no stranger is known as such, but all are doubtful."""
    return Doubts(ranked(manifest, STRANGE, ()))


def test_the_doubtful_come_first_and_decided_ones_no_more(
    doubts: Doubts, manifest: pd.DataFrame
) -> None:
    strange = set(manifest["id"].iloc[list(STRANGE)])
    batch = doubts.next_batch(4)
    ids = [item.id for item in batch.items]
    assert batch.kind == "drop" and batch.left == 2 * EACH and set(ids) <= strange
    doubts.session.decide(ids, Verdict(False, "unrelated"))
    then = doubts.next_batch(6)
    assert {item.id for item in then.items} == strange - set(ids) and then.left == 2 * EACH - 4


def test_a_moved_picture_is_named_with_its_class(doubts: Doubts, manifest: pd.DataFrame) -> None:
    # half of the bread is said to be pesto, so what still bears the other label is doubtful
    bread = list(manifest["id"].iloc[EACH:])
    doubts.session.decide(bread[:25], Verdict(True, "", "pesto"))
    doubts.session.decide(list(manifest["id"].iloc[:EACH]), Verdict(True))
    answer = show_doubts(doubts, 5)
    assert answer["kind"] in ("relabel", "look") and answer["left"] == 5
    assert {one["id"]: one["guess"] for one in answer["pictures"]} == dict.fromkeys(
        bread[25:], "pesto"
    )


def test_labels_are_moved_together_and_one_undo_takes_them_back(
    doubts: Doubts, manifest: pd.DataFrame
) -> None:
    first, last = manifest["id"].iloc[0], manifest["id"].iloc[-1]
    answer = take_labels(doubts.session, {"labels": {first: "bread", last: "pesto"}})
    assert {one["id"]: one["label"] for one in answer["pictures"]} == {
        first: "bread", last: "pesto",
    }  # fmt: skip
    assert answer["conflicts"] == []
    doubts.session.undo()
    assert not doubts.session.verdicts()
    for wrong in ({}, {"none": "bread"}, {first: "stone"}):
        with pytest.raises(BadRequest):
            take_labels(doubts.session, {"labels": wrong})


def test_look_alikes_are_of_any_class(doubts: Doubts, manifest: pd.DataFrame) -> None:
    strange = [manifest["id"].iloc[place] for place in STRANGE]
    near = show_alike(doubts, strange[0], 10)["pictures"]
    assert near[0]["id"] == strange[0] and {one["id"] for one in near} == set(strange)
    with pytest.raises(BadRequest):
        show_alike(doubts, "none", 10)


def test_a_sample_says_how_much_is_wrong_and_when_it_is_done(
    doubts: Doubts, manifest: pd.DataFrame
) -> None:
    first = show_sample(doubts, 20)
    ids = [one["id"] for one in first["pictures"]]
    assert len(ids) == 20 and first["looked"] == 0 and not first["done"]
    doubts.session.decide(ids[:5], Verdict(False))
    doubts.session.decide(ids[5:15], Verdict(True))
    then = show_sample(doubts, 20)
    # those that wait come again, and others with them
    assert [one["id"] for one in then["pictures"]][:5] == ids[15:]
    assert (then["looked"], then["wrong"], then["left"]) == (15, 5, 2 * EACH - 15 - 20)
    assert (then["low"], then["high"]) == share_interval(5, 15)
    # somebody decides elsewhere: what is left is another whole, and a new sample begins
    outside = next(name for name in manifest["id"] if name not in doubts._sample)
    doubts.session.decide([outside], Verdict(False))
    assert show_sample(doubts, 20)["looked"] == 0
    rest = [name for name in manifest["id"] if name not in doubts.session.verdicts()]
    doubts.session.decide(rest, Verdict(True))
    assert show_sample(doubts, 20)["done"]


def test_the_interval_is_clopper_and_pearsons() -> None:
    # of tables: 5 of 15, and none of 30
    assert share_interval(5, 15) == pytest.approx((0.1182, 0.6162), abs=1e-4)
    assert share_interval(0, 30) == pytest.approx((0, 0.1157), abs=1e-4)
    assert share_interval(0, 0) == (0, 1)


def test_without_a_ranking_it_says_what_to_run(
    manifest: pd.DataFrame, visit: Callable[..., Session], ranked: Callable[..., Session]
) -> None:
    session = visit(manifest)
    doubts = Doubts(session)
    with pytest.raises(InputError, match="foodcls suspects"):
        doubts.next_batch(4)
    # what is ranked meanwhile counts at once
    session.files = ranked(manifest, STRANGE, ()).files
    assert doubts.next_batch(4).items
    with pytest.raises(InputError, match="new since the last ranking"):
        Doubts(session).alike("none", 4)
