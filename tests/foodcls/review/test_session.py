import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from foodcls.crop.proposals import propose_boxes, read_refused
from foodcls.errors import TableError
from foodcls.recipe.recipe import load_recipe
from foodcls.review.boxes import COLUMNS, DrawnBox
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.decisions import Verdict
from foodcls.review.session import Session, open_session
from foodcls.store.store import Store
from foodcls.workspace.workspace import Workspace

RECIPE = "name: lunch\nclasses: [{name: pesto}, {name: bread}]\ncollect: {folder: .}\n"


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(3)


@pytest.fixture
def session(visit: Callable[..., Session], manifest: pd.DataFrame) -> Session:
    return visit(manifest)


def test_a_second_visit_goes_on_from_the_first(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame
) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first], Verdict(False, "a cat"))
    session.draw(second, [DrawnBox((1, 2, 30, 40))])
    again = visit(manifest)
    assert (again.verdicts()[first].keep, again.verdicts()[first].reason) == (False, "a cat")
    assert [box.edges for box in again.drawn()[second]] == [(1, 2, 30, 40)]


def test_undo_goes_back_step_by_step_to_the_files_as_they_were(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    files.decisions.write_text("path,keep,reason,id\npesto-000.jpg,1,fine,\n")
    files.boxes.write_text(",".join(COLUMNS) + "\n")
    before = files.decisions.read_text(), files.boxes.read_text()
    first, second, third, *_ = manifest["id"]
    session.decide([first], Verdict(False, "a cat"))
    session.draw(second, [DrawnBox((1, 2, 30, 40))])
    session.decide([second, third], Verdict(True))
    session.draw(second, [])
    assert [session.undo()[0] for _ in range(5)] == [
        [second],
        [second, third],
        [second],
        [first],
        [],
    ]
    assert (files.decisions.read_text(), files.boxes.read_text()) == before


def test_what_a_person_writes_meanwhile_is_seen_and_kept(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first], Verdict(True))
    files.decisions.write_text(files.decisions.read_text() + f"{second},0,by hand\n")
    assert session.verdicts()[second].reason == "by hand"
    session.decide([first], Verdict(False))
    assert files.decisions.read_text() == f"id,keep,reason\n{first},0,\n{second},0,by hand\n"


def test_a_broken_file_is_told_of_and_nothing_is_written(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    files.decisions.write_text("id,keep\nabcdefgh,perhaps\n")
    with pytest.raises(TableError, match="perhaps"):
        session.decide([manifest["id"][0]], Verdict(True))
    assert files.decisions.read_text() == "id,keep\nabcdefgh,perhaps\n"
    assert session.undo() == ([], [])


def test_boxes_of_another_tool_are_taken_over_into_a_table(
    pictures: Callable, workspace: Path, tmp_path: Path
) -> None:
    manifest = pictures(3, {0: {"box": "1,2,30,40"}, 4: {"box": "5,6,70,60"}})
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE + "crop: {boxes: boxes.json}\n")
    (tmp_path / "boxes.json").write_text("{}")
    session = open_session(load_recipe(path), path, Workspace(workspace))
    assert {digest: boxes[0].edges for digest, boxes in session.drawn().items()} == {
        manifest["id"][0]: (1, 2, 30, 40),
        manifest["id"][4]: (5, 6, 70, 60),
    }
    # a second visit reads the table: what was removed from it stays removed
    session.draw(manifest["id"][0], [])
    assert len(open_session(load_recipe(path), path, Workspace(workspace)).drawn()) == 1
    assert (tmp_path / "boxes.json").read_text() == "{}"


def test_a_workspace_is_opened_by_its_recipe(
    manifest: pd.DataFrame, workspace: Path, tmp_path: Path
) -> None:
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE)
    suspect = manifest["id"][2]
    (workspace / "suspects.csv").write_text(f"id,keep,reason,score\n{suspect},0,odd,0.5\n")
    session = open_session(load_recipe(path), path, Workspace(workspace))
    assert session.gallery.by_label["pesto"][0].id == suspect
    with pytest.raises(TableError, match="foodcls prepare"):
        open_session(load_recipe(path), path, Workspace(tmp_path / "empty"))


def test_names_are_found_though_augmented_copies_bear_them_too(
    manifest: pd.DataFrame, pictures: Callable, workspace: Path, tmp_path: Path
) -> None:
    pictures(3, {1: {"parent": manifest["id"][0], "origin": manifest["origin"][0], "copy": 1}})
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE)
    (tmp_path / "filter.csv").write_text("path,keep\npesto-000.jpg,0\n")
    session = open_session(load_recipe(path), path, Workspace(workspace))
    assert list(session.verdicts()) == [manifest["id"][0]]


@pytest.fixture
def proposals(files: ReviewFiles, manifest: pd.DataFrame, workspace: Path, tmp_path: Path) -> Path:
    """A table as `foodcls propose` writes it, for the first two pictures."""
    path = workspace / "proposals.csv"
    rows = [f"{digest},96,64,pesto,10,8,60,40,true\n" for digest in manifest["id"][:2]]
    path.write_text(",".join((*COLUMNS, "proposed")) + "\n" + "".join(rows))
    (tmp_path / "lunch.yaml").write_text(RECIPE)
    return path


@pytest.fixture
def reopen(workspace: Path, tmp_path: Path) -> Callable[[], Session]:
    path = tmp_path / "lunch.yaml"
    return lambda: open_session(load_recipe(path), path, Workspace(workspace))


def test_an_accepted_proposal_moves_into_the_boxes(
    proposals: Path, reopen: Callable[[], Session], manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first, second, *_ = manifest["id"]
    session = reopen()
    assert session.drawn()[first] == (DrawnBox((10, 8, 60, 40), proposed=True, line=2),)
    session.draw(first, [DrawnBox((10, 8, 60, 40))])
    assert files.boxes.read_text() == f"{','.join(COLUMNS)}\n{first},96,64,pesto,10,8,60,40\n"
    assert first not in proposals.read_text() and second in proposals.read_text()
    assert [box.proposed for box in reopen().drawn()[first]] == [False]


def test_a_refused_proposal_does_not_come_back(
    proposals: Path,
    reopen: Callable[[], Session],
    manifest: pd.DataFrame,
    files: ReviewFiles,
    workspace: Path,
) -> None:
    first, second, *_ = manifest["id"]
    reopen().draw(first, [])
    assert list(reopen().drawn()) == [second]
    assert not files.boxes.exists()
    # nor when they are proposed a second time
    refused = read_refused(workspace / "refused.csv")
    whole, store = manifest.assign(picture=manifest["id"]), Store(workspace / "store")
    assert {item.id for item in propose_boxes(whole, store)} >= {first, second}
    assert first not in {item.id for item in propose_boxes(whole, store, refused=refused)}


@pytest.mark.parametrize("boxes", [[(10, 8, 60, 40)], [(1, 2, 30, 40)]], ids=["taken", "corrected"])
def test_only_what_is_left_without_a_box_is_refused(
    proposals: Path, reopen: Callable[[], Session], manifest: pd.DataFrame, workspace: Path,
    boxes: list,
) -> None:  # fmt: skip
    reopen().draw(manifest["id"][0], [DrawnBox(edges) for edges in boxes])
    assert read_refused(workspace / "refused.csv") == set()


def test_a_refusal_outlives_a_box_that_was_drawn_and_taken_back(
    proposals: Path, reopen: Callable[[], Session], manifest: pd.DataFrame, workspace: Path
) -> None:
    first = manifest["id"][0]
    reopen().draw(first, [])
    session = reopen()
    session.draw(first, [DrawnBox((1, 2, 30, 40))])
    session.undo()
    assert read_refused(workspace / "refused.csv") == {first}


def test_a_reason_that_follows_a_drop_is_undone_with_it(
    session: Session, manifest: pd.DataFrame
) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first], Verdict(True))
    session.decide([first, second], Verdict(False))
    session.decide([first, second], Verdict(False, "blurred"))
    assert session.undo() == ([first, second], [])
    assert session.verdicts()[first].keep and second not in session.verdicts()


@pytest.mark.parametrize("boxes", [[], [DrawnBox((10, 8, 60, 40))]], ids=["refused", "accepted"])
def test_undo_offers_a_proposal_again(
    proposals: Path, reopen: Callable[[], Session], manifest: pd.DataFrame, boxes: list[DrawnBox]
) -> None:
    session, before = reopen(), proposals.read_text().splitlines()
    session.draw(manifest["id"][0], boxes)
    session.undo()
    assert sorted(proposals.read_text().splitlines()) == sorted(before)
    assert [box.proposed for box in session.drawn()[manifest["id"][0]]] == [True]
    assert read_refused(proposals.with_name("refused.csv")) == set()


def test_a_drawn_box_hides_what_was_proposed(
    proposals: Path, reopen: Callable[[], Session], manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first = manifest["id"][0]
    files.boxes.write_text(f"{','.join(COLUMNS)}\n{first},96,64,pesto,1,2,3,4\n")
    assert [box.edges for box in reopen().drawn()[first]] == [(1, 2, 3, 4)]


def test_what_lies_among_the_proposals_is_one_though_it_does_not_say_so(
    proposals: Path, reopen: Callable[[], Session], manifest: pd.DataFrame
) -> None:
    proposals.write_text(proposals.read_text().replace(",true", "").replace(",proposed", ""))
    assert all(box.proposed for boxes in reopen().drawn().values() for box in boxes)


def test_proposals_that_a_recipe_names_as_its_boxes_are_accepted_in_place(
    proposals: Path, reopen: Callable[[], Session], manifest: pd.DataFrame, tmp_path: Path
) -> None:
    first, second, *_ = manifest["id"]
    (tmp_path / "lunch.yaml").write_text(f"{RECIPE}crop: {{boxes: {proposals}}}\n")
    reopen().draw(first, [DrawnBox((10, 8, 60, 40))])
    boxes = reopen().drawn()
    assert [boxes[name][0].proposed for name in (first, second)] == [False, True]


def test_two_sessions_on_the_same_files_lose_nothing(
    visit: Callable[..., Session], pictures: Callable[..., pd.DataFrame], files: ReviewFiles
) -> None:
    """Each opens its files anew, as two servers do."""
    manifest = pictures(20)
    halves = manifest["id"][:20], manifest["id"][20:]

    def judge(part: Sequence[str]) -> None:
        session = visit(manifest)
        for digest in part:
            session.decide([digest], Verdict(False, "odd"))
            session.draw(digest, [DrawnBox((1, 2, 30, 40))])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(judge, halves))
    again = visit(manifest)
    assert set(again.verdicts()) == set(again.drawn()) == set(manifest["id"])
    assert len(files.decisions.read_text().splitlines()) == 41


def test_an_edit_of_the_same_length_and_time_is_seen(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles
) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first], Verdict(True))
    before, text = files.decisions.stat(), files.decisions.read_text()
    files.decisions.write_text(text.replace(first, second))
    os.utime(files.decisions, ns=(before.st_atime_ns, before.st_mtime_ns))
    session.decide([first], Verdict(False))
    assert files.decisions.read_text() == f"id,keep,reason\n{second},1,\n{first},0,\n"


def test_undo_leaves_what_somebody_has_changed_since(
    session: Session, visit: Callable[..., Session], manifest: pd.DataFrame
) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first, second], Verdict(False))
    visit(manifest).decide([first], Verdict(True, "a fine one"))
    assert session.undo() == ([first, second], [first])
    assert {digest: one.words for digest, one in session.verdicts().items()} == {
        first: "keep: a fine one"}  # fmt: skip


def test_suspects_that_are_ranked_meanwhile_are_shown_at_the_next_look(
    session: Session, manifest: pd.DataFrame, files: ReviewFiles, tmp_path: Path
) -> None:
    files = replace(files, suspects=tmp_path / "suspects.csv")
    visit = Session(manifest, session.labels, files)
    last = [item.id for item in visit.gallery.by_label["pesto"]][-1]
    (tmp_path / "suspects.csv").write_text(f"id,keep,reason\n{last},0,looks like bread\n")
    first = visit.gallery.by_label["pesto"][0]
    assert (first.id, first.suspect) == (last, "looks like bread")
