"""What the tests of the commands that serve a page share: a recipe."""

from pathlib import Path

import pytest

RECIPE = "name: lunch\nclasses: [{name: pesto}, {name: bread}]\ncollect: {folder: .}\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "lunch.yaml"
    path.write_text(RECIPE)
    return path
