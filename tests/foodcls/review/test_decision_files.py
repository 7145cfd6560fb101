from collections.abc import Callable
from pathlib import Path

import pytest

from foodcls.recipe.recipe import load_recipe
from foodcls.review.boxes import COLUMNS
from foodcls.review.decision_files import ReviewFiles, choose_files

RECIPE = "name: lunch\nclasses: [{name: pesto}, {name: bread}]\ncollect: {folder: .}\n"


@pytest.fixture
def choose(tmp_path: Path) -> Callable[[str], ReviewFiles]:
    """Choose the files of a recipe with these further lines."""

    def read(lines: str) -> ReviewFiles:
        path = tmp_path / "lunch.yaml"
        path.write_text(RECIPE + lines)
        return choose_files(load_recipe(path), path)

    return read


def test_files_lie_beside_a_recipe_that_names_none(choose: Callable, tmp_path: Path) -> None:
    files = choose("")
    assert (files.decisions, files.boxes) == (tmp_path / "filter.csv", tmp_path / "boxes.csv")
    assert [line.text for line in files.missing] == [
        "filter: {manifest: filter.csv}",
        "crop: {boxes: boxes.csv}",
    ]


def test_files_that_a_recipe_names_are_used(choose: Callable, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("id,keep\n")
    (tmp_path / "ours.csv").write_text(",".join(COLUMNS) + "\n")
    files = choose("filter: {manifest: mine.csv}\ncrop: {boxes: ours.csv}\n")
    assert files == ReviewFiles(tmp_path / "mine.csv", tmp_path / "ours.csv")


@pytest.mark.parametrize("name", ["boxes.json", "boxes.csv"])
def test_boxes_of_another_tool_are_never_written_into(
    choose: Callable, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("image,label,annotation_id\n")
    files = choose(f"crop: {{boxes: {name}}}\n")
    assert files.boxes != tmp_path / name and not files.boxes.exists()
    assert files.missing[-1].text == f"crop: {{boxes: {files.boxes.name}}}"
