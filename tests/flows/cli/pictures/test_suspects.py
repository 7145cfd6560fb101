import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.pictures.choose import show_choice
from flows.cli.pictures.propose import suggest_boxes
from flows.cli.pictures.suspects import list_suspects
from flows.cli.pictures.worth import show_worth
from foodcls.errors import InputError
from foodcls.evaluate.likeness import load_likeness
from foodcls.manifest import KEPT, new_manifest
from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.review.gallery import read_suspects
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest, write_manifest

RECIPE = """\
name: lunch
classes: [{name: pesto}, {name: bread}]
collect: {folder: .}
train: {backbone: test_efficientnet, weights: none, input_size: 32}
"""


@pytest.fixture
def workspace(tmp_path: Path, noise: Callable, encode: Callable) -> Path:
    """A workspace with twelve pictures."""
    workspace = tmp_path / "space"
    store = Store(workspace / "store")
    rows = []
    for number in range(12):
        digest = store.put(encode(noise(number)))
        label = ("pesto", "bread")[number % 2]
        row = {"id": digest, "picture": digest, "label": label, "origin": f"{number}.png"}
        rows.append(row | {"state": KEPT, "width": 96, "height": 64})
    write_manifest(new_manifest(rows), workspace / "manifest.csv")
    return workspace


@pytest.mark.runs("foodcls suspects")
def test_the_list_is_written_where_the_review_page_finds_it(recipe: Path, workspace: Path) -> None:
    done = CliRunner().invoke(app, ["suspects", str(recipe), "--workspace", str(workspace)])
    assert done.exit_code == 0, done.output
    told = done.output
    listed = pd.read_csv(workspace / "suspects.csv")
    assert list(listed.columns) == ["id", "keep", "reason", "score"] and len(listed) == 12
    assert f"{(listed['keep'] == 0).sum()} of 12 pictures are doubtful" in told
    assert f"foodcls review {recipe}" in told and "weights is none" in told
    assert list(read_suspects(workspace / "suspects.csv")) == list(
        listed["id"][listed["keep"] == 0]
    )
    likeness = load_likeness(workspace / "cache" / "likeness.npz", load_recipe(recipe).labels)
    assert likeness and set(likeness.ids) == set(listed["id"])


@pytest.mark.parametrize(("gigabytes", "files"), [(0, 0), (1, 1)])
def test_it_keeps_no_more_than_the_recipe_allows(
    recipe: Path, workspace: Path, gigabytes: int, files: int
) -> None:
    recipe.write_text(RECIPE.replace("32}", f"32, cache_gb: {gigabytes}}}"))
    list_suspects(recipe, load_recipe(recipe), workspace)
    assert len(list((workspace / "cache" / "pixels").glob("*.npy"))) == files


@pytest.mark.parametrize("command", ["suspects", "worth", "propose", "choose"])
def test_without_pictures_it_says_what_to_run_first_and_waits_for_no_torch(
    recipe: Path, command: str
) -> None:
    program = "import sys, flows.cli.main as cli\ntry: cli.app()\nfinally: print(*sys.modules)"
    words = [sys.executable, "-c", program, command, str(recipe), "--workspace", "none"]
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    assert done.returncode == 2 and "run `foodcls prepare" in done.stderr
    assert not {"torch", "pandas", "scipy", "numpy"} & set(done.stdout.split())


def ask_worth(file: Path, recipe: Recipe, workspace: Path) -> None:
    show_worth(file, recipe, workspace, more=100)


def ask_choice(file: Path, recipe: Recipe, workspace: Path) -> None:
    show_choice(file, recipe, workspace, [])


@pytest.mark.parametrize("guess", [list_suspects, suggest_boxes, ask_worth, ask_choice])
def test_of_a_run_that_has_not_ended_it_says_to_go_on(
    recipe: Path, workspace: Path, guess: Callable
) -> None:
    table = read_manifest(workspace / "manifest.csv").assign(picture="")
    write_manifest(table, workspace / "manifest.csv")
    with pytest.raises(InputError, match="not ended; .* `foodcls prepare"):
        guess(recipe, load_recipe(recipe), workspace)
