from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.output import out
from flows.cli.pictures.choose import print_choice
from foodcls.choose import Choice, ProbedBackbone, probing
from foodcls.metrics.paired_test import compare_predictions
from foodcls.recipe.recipe import load_recipe
from foodcls.recipe.train_settings import Extras, Target, Train
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
    head = f"name: lunch\nclasses: [{names}]\ncollect: {{folder: .}}\n"
    recipe.write_text(
        f"{head}train: {{weights: none, lr: 0.01, target: {{views: 2}}, "
        "extras: {balance: weights, mixup: 0.2}}\n"
    )
    words = ["choose", str(recipe), "--workspace", str(tmp_path)]
    words += ["--backbone", "test_efficientnet", "--backbone", "test_resnet"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "Linear probes on" in done.output and "the test pictures were not asked" in done.output
    # written into the recipe they are what was probed, target and all
    lines = done.output.partition("# chosen by")[2].partition("\n")[2]
    other = tmp_path / "other.yaml"
    other.write_text(head + lines)
    train = load_recipe(other).train
    assert train == probing(load_recipe(recipe).train, train.backbone)
    assert train.target == Target(views=2) and "target: {shape: photo, views: 2}" in lines
    assert train.extras == Extras(balance="weights")


def test_backbones_are_named_whole_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 80)
    truth, answers = np.arange(60) % 3, np.eye(3)[np.arange(60) % 3] * 0.7 + 0.1
    names = ("tf_efficientnet_lite0", "tf_efficientnet_lite2")
    probed = tuple(ProbedBackbone(Train(backbone=name), "apache-2.0", 14, 1419, answers)
                   for name in names)  # fmt: skip
    test = compare_predictions(answers, answers, truth, np.arange(60))
    print_choice(Choice(probed, (test, test)))
    table = capsys.readouterr().out.partition("Linear probes")[0]
    assert all(name in table for name in names) and "…" not in table
    assert "1.000 (0.940 to 1.000)" in table and "14 MB, apache-2.0" in table and "1419" in table
    assert max(map(len, table.splitlines())) <= 80
