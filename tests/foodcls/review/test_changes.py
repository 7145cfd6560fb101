"""Several pages and programs change the same files: nothing is lost or overwritten unseen."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from foodcls.review.api import (
    BadRequest,
    take_again,
    take_boxes,
    take_decision,
    take_labels,
    tell_news,
)
from foodcls.review.boxes import DrawnBox
from foodcls.review.changes import merge_boxes
from foodcls.review.decision_files import RecipeLine, ReviewFiles
from foodcls.review.decisions import Verdict
from foodcls.review.session import Session

ONE, TWO, THREE = (DrawnBox((edge, edge, edge + 9, edge + 9)) for edge in (1, 20, 40))


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(3)


@pytest.fixture
def session(visit: Callable[..., Session], manifest: pd.DataFrame) -> Session:
    session = visit(manifest)
    session.news(0)  # a page that opens asks where it begins
    return session


def test_a_decision_on_what_somebody_has_changed_unseen_is_not_written(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame
) -> None:
    first, second, *_ = manifest["id"]
    visit(manifest).decide([first], Verdict(False, "blurred"))
    answer = take_decision(session, {"ids": [first, second], "keep": True, "seen": {}})
    assert answer["conflicts"] == [first]
    assert (answer["pictures"][0]["keep"], answer["pictures"][0]["reason"]) == (0, "blurred")
    assert session.verdicts()[second].keep
    # who has seen it may overrule it
    seen = {first: [0, "blurred", "pesto"]}
    assert take_decision(session, {"ids": [first], "keep": True, "seen": seen})["conflicts"] == []
    assert session.verdicts()[first].keep
    # only what was written can be undone
    session.undo()
    assert session.undo() == ([second], [])


def test_who_does_not_say_what_was_seen_overrules_nothing(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame
) -> None:
    first, *_ = manifest["id"]
    visit(manifest).decide([first], Verdict(False, "blurred"))
    visit(manifest).draw(first, [ONE])
    for take, more in (
        (take_decision, {"keep": True}),
        (take_labels, {"labels": {first: "bread"}}),
    ):
        assert take(session, {"ids": [first], **more})["conflicts"] == [first]
    take_boxes(session, {"id": first, "boxes": [[20, 20, 29, 29]]})
    assert session.verdicts()[first].words == "drop: blurred"
    assert session.drawn()[first] == (ONE, TWO)


@pytest.mark.parametrize("seen", [[], None, "x", {"a": 1}, {"a": [1]}, {"a": [1, 2, 3, 4]}])
def test_what_a_page_has_seen_has_its_form(
    session: Session, manifest: pd.DataFrame, seen: object
) -> None:
    with pytest.raises(BadRequest):
        take_decision(session, {"ids": [manifest["id"][0]], "keep": True, "seen": seen})


def test_each_page_undoes_its_own(session: Session, manifest: pd.DataFrame) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first], Verdict(False), page="a")
    session.decide([second], Verdict(False, "blurred"), page="b")
    assert session.undo("a") == ([first], [])
    assert session.undo("a") == ([], [])
    assert list(session.verdicts()) == [second]


def test_news_are_what_others_did(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first, second, third, fourth, *_ = manifest["id"]
    session.decide([first], Verdict(True), page="a")
    assert session.news(0, "a").ids == () and session.news(0, "b").ids == (first,)
    visit(manifest).draw(third, [ONE])
    with files.decisions.open("a") as file:
        file.write(f"{second},0,by hand\n")
    news = tell_news(session, 0, "a")
    assert {one["id"] for one in news["pictures"]} == {second, third} and news["lost"] == 0
    assert tell_news(session, news["number"], "a") == {
        "number": news["number"],
        "lost": 0,
        "unnamed": [],
    }
    # a line that moves up is no change
    session.decide([fourth], Verdict(True), page="a")
    session.decide([first], None, page="a")
    assert tell_news(session, news["number"], "a")["number"] == news["number"] + 2
    assert not session.news(news["number"], "a").ids


@pytest.mark.parametrize("typed", ["'=odd", "'-", "x" * 199 + " y", "'tis food"])
def test_whatever_reason_is_typed_can_be_undone(
    session: Session, manifest: pd.DataFrame, typed: str
) -> None:
    first = manifest["id"][0]
    take_decision(session, {"ids": [first], "keep": False, "reason": typed, "page": "a"})
    assert session.undo("a") == ([first], []) and not session.verdicts()


def test_undo_of_a_second_drop_leaves_what_another_decided_between(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame
) -> None:
    first = manifest["id"][0]
    session.decide([first], Verdict(False), page="a")
    visit(manifest).decide([first], Verdict(True, annotator="Ann"))
    session.decide([first], Verdict(False, "blurred"), page="a")
    session.undo("a")
    assert session.verdicts()[first].keep
    # what stood before the first drop is not what stands now: that undo changes nothing
    assert session.undo("a")[1] == [first] and session.verdicts()[first].keep


def test_what_a_spreadsheet_saves_over_is_told_and_can_be_decided_again(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first, second, third, *_ = manifest["id"]
    session.decide([first], Verdict(True), page="a")
    opened = files.decisions.read_text()
    session.decide([second], Verdict(False, "blurred"), page="a")
    session.decide([first], Verdict(True, label="bread"), page="a")
    # saved with a row more, as it was opened before
    files.decisions.write_text(opened + f"{third},0,a cat\n")
    assert session.news(0, "a").lost == 2
    take_again(session, {"page": "a"})
    assert {name: one.words for name, one in session.verdicts().items()} == {
        first: "keep as bread", second: "drop: blurred", third: "drop: a cat"}  # fmt: skip
    assert session.news(0, "a").lost == 0
    assert set(session.undo("a")[0]) == {first, second}


def test_what_is_left_as_the_file_says_is_asked_no_more(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    session.decide(list(manifest["id"][:2]), Verdict(True))
    files.decisions.unlink()
    assert session.news(0).lost == 2
    take_again(session, {"restore": False})
    assert session.news(0).lost == 0 and not session.verdicts()


def test_undo_is_no_loss_nor_is_what_somebody_decides_otherwise(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame
) -> None:
    first, second, third, *_ = manifest["id"]
    session.decide([first], Verdict(True))
    session.undo()
    session.decide([second], Verdict(True))
    visit(manifest).decide([second], Verdict(False))
    assert session.news(0).lost == 0
    # nor is what somebody decides as it was decided here before, and taken back
    session.decide([first], Verdict(False))
    session.undo()
    session.decide([third], Verdict(True))
    visit(manifest).decide([first], Verdict(False))
    assert session.news(0).lost == 0


def test_what_was_lost_stays_told_whatever_is_decided_after(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first], Verdict(True))
    files.decisions.unlink()
    session.decide([second], Verdict(True))
    assert session.news(0).lost == 1


@pytest.mark.parametrize(
    ("now", "seen", "wanted", "left"),
    [
        ([ONE], [ONE], [ONE, TWO], [ONE, TWO]),
        ([ONE, THREE], [ONE], [ONE, TWO], [ONE, THREE, TWO]),
        ([ONE, THREE], [ONE], [], [THREE]),
        ([THREE], [ONE], [TWO], [THREE, TWO]),
        ([], [ONE], [ONE], []),
        ([TWO], [], [TWO], [TWO]),
    ],
    ids=["one more", "both add", "theirs stays", "both changed it", "theirs is gone", "the same"],
)
def test_boxes_of_others_stay(now: list, seen: list, wanted: list, left: list) -> None:
    assert list(merge_boxes(now, seen, wanted)) == left


def test_neither_drawing_nor_undo_overwrites_what_another_page_drew(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame
) -> None:
    digest = manifest["id"][0]

    def boxes() -> set[tuple[int, ...]]:
        return {box.edges for box in session.drawn()[digest]}

    take_boxes(session, {"id": digest, "boxes": [[1, 1, 10, 10]], "seen": [], "page": "a"})
    visit(manifest).draw(digest, [ONE, TWO])
    take_boxes(session, {"id": digest, "boxes": [[1, 1, 10, 10], [40, 40, 49, 49]],
                         "seen": [[1, 1, 10, 10]], "page": "a"})  # fmt: skip
    assert boxes() == {ONE.edges, TWO.edges, THREE.edges}
    session.undo("a")
    assert boxes() == {ONE.edges, TWO.edges}
    session.undo("a")
    assert boxes() == {TWO.edges}


def test_decisions_are_signed(session: Session, manifest: pd.DataFrame, files: ReviewFiles) -> None:
    signed = Session(manifest, session.labels, files, annotator="Ann")
    answer = take_decision(signed, {"ids": [manifest["id"][0]], "keep": False, "seen": {}})
    assert answer["pictures"][0]["by"] == "Ann"
    assert "annotator" in files.decisions.read_text().splitlines()[0]


def test_a_page_is_told_of_files_that_the_recipe_does_not_name_once_they_are_there(
    session: Session, manifest: pd.DataFrame
) -> None:
    line = RecipeLine(session.files.decisions, "filter: {manifest: filter.csv}")
    session.files = replace(session.files, missing=(line,))
    assert tell_news(session, 0, "a")["unnamed"] == []
    session.decide([manifest["id"][0]], Verdict(False))
    assert tell_news(session, 0, "a")["unnamed"] == ["filter: {manifest: filter.csv}"]
