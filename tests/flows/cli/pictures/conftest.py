"""What the tests of the commands that look at pictures share: the recipe of a module."""

from pathlib import Path

import pytest

from foodcls.recipe.recipe import load_recipe


@pytest.fixture
def recipe(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file of the module's text RECIPE, beside a folder for each class."""
    path = tmp_path / "lunch.yaml"
    path.write_text(request.module.RECIPE)
    for label in load_recipe(path).labels:
        (tmp_path / label).mkdir()
    return path
