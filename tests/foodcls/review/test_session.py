from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import TableError
from foodcls.recipe import load_recipe
from foodcls.review.decisions import Verdict
from foodcls.review.drawn import COLUMNS, Drawn
from foodcls.review.files import Files
from foodcls.review.session import Session, open_session

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
    session.draw(second, [Drawn((1, 2, 30, 40))])
    again = visit(manifest)
    assert (again.verdicts()[first].keep, again.verdicts()[first].reason) == (False, "a cat")
    assert [box.edges for box in again.drawn()[second]] == [(1, 2, 30, 40)]


def test_undo_goes_back_step_by_step_to_the_files_as_they_were(
    session: Session, manifest: pd.DataFrame, files: Files
) -> None:
    files.decisions.write_text("path,keep,reason,id\npesto-000.jpg,1,fine,\n")
    files.boxes.write_text(",".join(COLUMNS) + "\n")
    before = files.decisions.read_text(), files.boxes.read_text()
    first, second, third, *_ = manifest["id"]
    session.decide([first], Verdict(False, "a cat"))
    session.draw(second, [Drawn((1, 2, 30, 40))])
    session.decide([second, third], Verdict(True))
    session.draw(second, [])
    assert [session.undo() for _ in range(5)] == [[second], [second, third], [second], [first], []]
    assert (files.decisions.read_text(), files.boxes.read_text()) == before


def test_what_a_person_writes_meanwhile_is_seen_and_kept(
    session: Session, manifest: pd.DataFrame, files: Files
) -> None:
    first, second, *_ = manifest["id"]
    session.decide([first], Verdict(True))
    files.decisions.write_text(files.decisions.read_text() + f"{second},0,by hand\n")
    assert session.verdicts()[second].reason == "by hand"
    session.decide([first], Verdict(False))
    assert files.decisions.read_text() == f"id,keep,reason\n{first},0,\n{second},0,by hand\n"


def test_a_broken_file_is_told_of_and_nothing_is_written(
    session: Session, manifest: pd.DataFrame, files: Files
) -> None:
    files.decisions.write_text("id,keep\nabcdefgh,perhaps\n")
    with pytest.raises(TableError, match="perhaps"):
        session.decide([manifest["id"][0]], Verdict(True))
    assert files.decisions.read_text() == "id,keep\nabcdefgh,perhaps\n"
    assert session.undo() == []


def test_boxes_of_another_tool_are_taken_over_into_a_table(
    pictures: Callable, workspace: Path, tmp_path: Path
) -> None:
    manifest = pictures(3, {0: {"box": "1,2,30,40"}, 4: {"box": "5,6,70,60"}})
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE + "crop: {boxes: boxes.json}\n")
    (tmp_path / "boxes.json").write_text("{}")
    session = open_session(load_recipe(path), path, workspace)
    assert {digest: boxes[0].edges for digest, boxes in session.drawn().items()} == {
        manifest["id"][0]: (1, 2, 30, 40),
        manifest["id"][4]: (5, 6, 70, 60),
    }
    # a second visit reads the table: what was removed from it stays removed
    session.draw(manifest["id"][0], [])
    assert len(open_session(load_recipe(path), path, workspace).drawn()) == 1
    assert (tmp_path / "boxes.json").read_text() == "{}"


def test_a_workspace_is_opened_by_its_recipe(
    manifest: pd.DataFrame, workspace: Path, tmp_path: Path
) -> None:
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE)
    suspect = manifest["id"][2]
    (workspace / "suspects.csv").write_text(f"id,keep,reason,score\n{suspect},0,odd,0.5\n")
    session = open_session(load_recipe(path), path, workspace)
    assert session.gallery.by_label["pesto"][0].id == suspect
    with pytest.raises(TableError, match="foodcls prepare"):
        open_session(load_recipe(path), path, tmp_path / "empty")


def test_names_are_found_though_augmented_copies_bear_them_too(
    manifest: pd.DataFrame, pictures: Callable, workspace: Path, tmp_path: Path
) -> None:
    pictures(3, {1: {"parent": manifest["id"][0], "origin": manifest["origin"][0], "copy": 1}})
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE)
    (tmp_path / "filter.csv").write_text("path,keep\npesto-000.jpg,0\n")
    session = open_session(load_recipe(path), path, workspace)
    assert list(session.verdicts()) == [manifest["id"][0]]
