from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from foodcls.evaluate.quotas import read_worth
from foodcls.manifest import KEPT, new_manifest
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import write_manifest

RECIPE = """\
name: lunch
classes: [{name: pesto, queries: [pesto]}, {name: bread, queries: [bread]}]
collect: {engines: [bing], per_query: 50, quotas: auto}
train: {backbone: test_efficientnet, weights: none, input_size: 32}
"""


@pytest.mark.runs("foodcls worth")
def test_each_class_has_its_line_and_the_next_crawl_its_quotas(
    recipe: Path, tmp_path: Path, noise: Callable, encode: Callable
) -> None:
    workspace = tmp_path / "space"
    store = Store(workspace / "store")
    blobs = [store.put(encode(noise(number))) for number in range(24)]
    rows = [{"id": blob, "picture": blob, "label": ("pesto", "bread")[number % 2], "state": KEPT,
             "split": "train" if number < 18 else "val", "width": 96, "height": 64}
            for number, blob in enumerate(blobs)]  # fmt: skip
    write_manifest(new_manifest(rows), workspace / "manifest.csv")
    words = ["worth", str(recipe), "--workspace", str(workspace), "--more", "30"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "by 30 more" in done.output and "worth.csv" in done.output
    found = read_worth(workspace / "worth.csv")
    assert [one.label for one in found][-1] == "" and len(found) == 3
    assert {one.learnt for one in found} == {9} and {one.more for one in found} == {30}
    gains = any(one.is_worthwhile for one in found if one.label)
    next_one = f"run {recipe} --workspace {workspace} --search-again" if gains else "suspects"
    assert f"foodcls {next_one}" in done.output
