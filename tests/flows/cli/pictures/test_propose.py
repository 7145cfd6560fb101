"""The command writes proposals beside the manifest, and says how they come into use."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.pictures.propose import suggest_boxes
from foodcls.manifest import KEPT, new_manifest
from foodcls.recipe.recipe import load_recipe
from foodcls.review.session import open_session
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest, write_manifest
from foodcls.workspace.workspace import Workspace

RECIPE = "name: lunch\nclasses: [{name: apple}, {name: pear}]\ncollect: {folder: .}\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """One picture of a red disc on white."""
    image, buffer = Image.new("RGB", (160, 120), "white"), io.BytesIO()
    ImageDraw.Draw(image).ellipse((40, 40, 90, 90), "red")
    image.save(buffer, "PNG")
    folder = tmp_path / "space"
    digest = Store(folder / "store").put(buffer.getvalue())
    row = {"id": digest, "picture": digest, "label": "apple", "state": KEPT, "width": 160,
           "height": 120}  # fmt: skip
    write_manifest(new_manifest([row]), folder / "manifest.csv")
    return folder


def test_proposals_lie_beside_the_manifest(
    recipe: Path, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suggest_boxes(recipe, load_recipe(recipe), workspace)
    assert len((workspace / "proposals.csv").read_text().splitlines()) == 2
    text = capsys.readouterr().out
    assert "1 box proposed" in text
    assert f"foodcls review {recipe} --workspace {workspace}" in text


def test_proposals_that_the_recipe_cuts_to_stay(recipe: Path, workspace: Path) -> None:
    table = workspace / "proposals.csv"
    suggest_boxes(recipe, load_recipe(recipe), workspace)
    before = table.read_text()
    recipe.write_text(f"{RECIPE}crop: {{boxes: {table}, proposed: true}}\n")
    manifest = read_manifest(workspace / "manifest.csv")
    for box in ("40,40,90,90", ""):
        write_manifest(manifest.assign(box=box), workspace / "manifest.csv")
        suggest_boxes(recipe, load_recipe(recipe), workspace)
        assert table.read_text() == before
    table.write_text(before.splitlines()[0] + "\n" + "0" * 64 + ",9,9,apple,1,1,5,5,true\n")
    suggest_boxes(recipe, load_recipe(recipe), workspace)
    assert [line[:1] for line in table.read_text().splitlines()[1:]] == [
        "0",
        before[before.index("\n") + 1],
    ]


def test_what_was_refused_on_the_page_is_not_proposed_again(
    recipe: Path, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def propose() -> str:
        suggest_boxes(recipe, load_recipe(recipe), workspace)
        return capsys.readouterr().out

    assert "left out" not in propose()
    session = open_session(load_recipe(recipe), recipe, Workspace(workspace))
    ((digest, boxes),) = session.drawn().items()
    session.draw(digest, [])
    assert f"1 left out, refused in {workspace / 'refused.csv'}" in propose()
    assert not open_session(load_recipe(recipe), recipe, Workspace(workspace)).drawn()
    # second thoughts
    session.undo()
    propose()
    (again,) = open_session(load_recipe(recipe), recipe, Workspace(workspace)).drawn()[digest]
    assert again.edges == boxes[0].edges and again.proposed


@pytest.mark.runs("foodcls propose")
def test_the_command_is_there(recipe: Path, workspace: Path) -> None:
    words = ["propose", str(recipe), "--workspace", str(workspace)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert (workspace / "proposals.csv").exists()
