from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import write_manifest


@pytest.mark.runs("foodcls choose")
def test_the_lines_for_the_recipe_are_printed(
    gallery: Callable[[Store], pd.DataFrame], labels: tuple[str, ...], tmp_path: Path
) -> None:
    write_manifest(gallery(Store(tmp_path / "store")), tmp_path / "manifest.csv")
    recipe = tmp_path / "lunch.yaml"
    for label in labels:
        (tmp_path / label).mkdir()
    names = ", ".join(f"{{name: {label}}}" for label in labels)
    recipe.write_text(f"name: lunch\nclasses: [{names}]\ncollect: {{folder: .}}\n")
    words = ["choose", str(recipe), "--workspace", str(tmp_path), "--set", "train.weights=none"]
    words += ["--backbone", "test_efficientnet", "--backbone", "test_resnet"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "train: {backbone: test_" in said and "method: probe, hidden_units: 0}" in said
    assert "Linear probes on" in done.output and "the test pictures were not asked" in done.output
