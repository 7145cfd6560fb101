from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app


@pytest.mark.runs("foodcls engines")
def test_a_recipe_whose_engines_cannot_be_asked_is_told_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FLICKR_API_KEY", "FOODCLS_CONTACT"):
        monkeypatch.delenv(name, raising=False)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: x\nclasses: [{name: a, queries: [a]}, {name: b, queries: [b]}]\n"
        "collect: {engines: [commons, flickr]}\n"
    )
    words = ["engines", str(recipe), "--workspace", str(tmp_path / "space")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    plain = done.output.replace("\n", " ")
    assert "commons" in plain and "FOODCLS_CONTACT" in plain and "FLICKR_API_KEY" in plain
