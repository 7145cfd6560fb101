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
    assert "keep" not in take_back(session)["pictures"][0]
    assert take_back(session)["pictures"] == []


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
