from collections.abc import Callable

import pandas as pd
import pytest

from foodcls.review.api import (
    BadRequest,
    list_classes,
    list_pictures,
    take_back,
    take_boxes,
    take_decision,
)
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.session import Session


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(3)


@pytest.fixture
def session(visit: Callable[..., Session], manifest: pd.DataFrame) -> Session:
    return visit(manifest)


def test_counts_follow_the_decisions(session: Session, manifest: pd.DataFrame) -> None:
    first, second, *_ = manifest["id"]
    take_decision(session, {"ids": [first], "keep": False})
    answer = take_decision(session, {"ids": [second], "keep": True})
    assert answer["classes"][0] == {
        "name": "pesto", "total": 3, "kept": 1, "dropped": 1, "suspects": 0,
    }  # fmt: skip
    assert list_classes(session) == answer["classes"]


def test_a_picture_tells_what_is_known_and_nothing_empty(
    session: Session, manifest: pd.DataFrame
) -> None:
    digest, untouched, *_ = manifest["id"]
    take_boxes(session, {"id": digest, "boxes": [[30, 40, 1.4, 2], [5, 5, 9, 9, 1]]})
    take_decision(session, {"ids": [digest], "keep": False, "reason": " a  cat "})
    first, second, _ = list_pictures(session, "pesto")
    assert first["boxes"] == [[1, 2, 30, 40, 0], [5, 5, 9, 9, 1]]
    assert (first["keep"], first["reason"]) == (0, "a cat")
    assert second == {
        "id": untouched, "label": "pesto", "w": 96, "h": 64, "origin": manifest["origin"][1],
    }  # fmt: skip


def test_taking_back_tells_what_is_as_before(session: Session, manifest: pd.DataFrame) -> None:
    digest = manifest["id"][0]
    take_decision(session, {"ids": [digest], "keep": False})
    assert "keep" not in take_back(session, {})["pictures"][0]
    assert take_back(session, {})["pictures"] == []


BAD = {
    "no ids": {"ids": [], "keep": True},
    "stranger": {"ids": ["f" * 64], "keep": True},
    "no list": {"ids": {"a": 1}, "keep": True},
    "unhashable": {"ids": [[]], "keep": True},
    "keep is a word": {"ids": ["first"], "keep": "no"},
}


@pytest.mark.parametrize("request_", BAD.values(), ids=BAD)
def test_a_decision_that_says_nothing_is_refused(
    session: Session, manifest: pd.DataFrame, request_: dict
) -> None:
    if request_["ids"] == ["first"]:
        request_ = request_ | {"ids": [manifest["id"][0]]}
    with pytest.raises(BadRequest):
        take_decision(session, request_)
    assert session.verdicts() == {}


@pytest.mark.parametrize(
    "boxes",
    [None, [1], [[1, 2, 3]], [[1, 2, "3", 4]], [[1, 2, True, 4]], [[1, 2, float("nan"), 4]],
     [[1, 2, 10**400, 4]], [[200, 0, 300, 9]], [[1, 1, 1, 9]], [[0, 0, 9, 9]] * 51],
    ids=["none", "number", "three", "text", "boolean", "nan", "huge", "outside", "flat", "many"],
)  # fmt: skip
def test_boxes_that_are_none_are_refused(
    session: Session, manifest: pd.DataFrame, boxes: object
) -> None:
    with pytest.raises(BadRequest):
        take_boxes(session, {"id": manifest["id"][0], "boxes": boxes})
    assert session.drawn() == {}


def test_a_relabeled_picture_belongs_to_its_class_until_that_is_taken_back(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first, second, *_ = manifest["id"]
    answer = take_decision(session, {"ids": [first, second], "keep": True, "label": "bread"})
    assert [one["total"] for one in answer["classes"]] == [1, 5]
    moved = list(list_pictures(session, "bread"))[-2:]
    assert [(one["id"], one["label"], one["given"]) for one in moved] == [
        (first, "bread", "pesto"), (second, "bread", "pesto")]  # fmt: skip
    assert files.decisions.read_text() == (
        f"id,keep,reason,label\n{first},1,,bread\n{second},1,,bread\n")  # fmt: skip
    # kept or dropped since, it stays there; the class that it came from is no longer another one
    moved_there, dropped = [True, "", "bread"], [False, "blurred", "bread"]
    ask = {"ids": [first], "keep": True}
    take_decision(session, ask | {"keep": False, "reason": "blurred", "seen": {first: moved_there}})
    take_decision(session, ask | {"seen": {first: dropped}})
    assert session.verdicts()[first].label == "bread"
    take_decision(session, ask | {"label": "pesto", "seen": {first: moved_there}})
    assert files.decisions.read_text().splitlines()[1] == f"{first},1,,"
    for _ in range(4):
        take_back(session, {})
    assert [one["total"] for one in list_classes(session)] == [3, 3] and not session.verdicts()


def test_a_picture_that_a_run_has_moved_stays_when_it_is_kept_and_can_go_back(
    visit: Callable[..., Session], pictures: Callable[..., pd.DataFrame]
) -> None:
    manifest = pictures(2, {0: {"label": "bread", "given_label": "pesto", "label_by": "a person"}})
    digest, session = manifest["id"][0], visit(manifest)
    assert next(list_pictures(session, "bread"))["given"] == "pesto"
    take_decision(session, {"ids": [digest], "keep": True})
    assert session.verdicts()[digest].label == "bread"
    seen = {digest: [True, "", "bread"]}
    take_decision(session, {"ids": [digest], "keep": True, "label": "pesto", "seen": seen})
    assert session.verdicts()[digest].label == ""
    assert digest in [one["id"] for one in list_pictures(session, "pesto")]


@pytest.mark.parametrize(
    "more",
    [
        {"keep": True, "label": "soup"},
        {"keep": False, "label": "bread"},
        {"keep": True, "label": ["bread"]},
    ],
)
def test_only_what_is_kept_gets_a_class_of_the_recipe(
    session: Session, manifest: pd.DataFrame, more: dict
) -> None:
    with pytest.raises(BadRequest, match="pesto, bread"):
        take_decision(session, {"ids": [manifest["id"][0]], **more})
    assert session.verdicts() == {}


def test_of_a_label_conflict_the_class_is_written_even_where_it_stands(
    visit: Callable[..., Session], pictures: Callable[..., pd.DataFrame]
) -> None:
    """One file in two folders: its id alone would name both."""
    digest = pictures(2)["id"][0]
    gone = {"id": digest, "state": "dropped", "stage": "dedup"}
    manifest = pictures(2, {
        0: gone | {"reason": "label conflict: also bread"},
        3: gone | {"reason": "label conflict: also pesto", "duplicate_of": digest},
    })  # fmt: skip
    session = visit(manifest)
    assert next(list_pictures(session, "pesto"))["rivals"] == ["bread", "pesto"]
    take_decision(session, {"ids": [digest], "keep": True})
    assert session.verdicts()[digest].label == "pesto"


def test_of_a_settled_label_conflict_the_class_is_written_too(
    visit: Callable[..., Session], pictures: Callable[..., pd.DataFrame]
) -> None:
    """Without it, the next run would not know which of the classes is meant, and lose it again."""
    digest = pictures(2)["id"][0]
    other = {"id": digest, "state": "dropped", "stage": "dedup", "duplicate_of": digest}
    session = visit(pictures(2, {3: other | {"reason": "label conflict settled: pesto"}}))
    assert "rivals" not in next(list_pictures(session, "pesto"))
    take_decision(session, {"ids": [digest], "keep": True})
    assert session.verdicts()[digest].label == "pesto"


def test_a_picture_that_was_found_as_a_class_of_the_past_stays_where_it_is(
    visit: Callable[..., Session], pictures: Callable[..., pd.DataFrame], files: ReviewFiles
) -> None:
    """The recipe has lost the class since the last run."""
    manifest = pictures(2, {0: {"given_label": "soup", "label_by": "Ann"}})
    files.decisions.write_text(f"id,keep\n{manifest['id'][0]},0\n")
    session = visit(manifest)
    assert [one["dropped"] for one in list_classes(session)] == [1, 0]
    assert len(list(list_pictures(session, "pesto"))) == 2
