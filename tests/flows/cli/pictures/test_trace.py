import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli.pictures.trace import show_trace
from foodcls.errors import InputError
from foodcls.manifest import KEPT, new_manifest
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import write_manifest


@pytest.fixture
def workspace(tmp_path: Path, noise: Callable, encode: Callable) -> Path:
    data = encode(noise(1))
    digest = Store(tmp_path / "store").put(data)
    row = {"id": digest, "label": "pesto", "origin": "http://h/[red]a.jpg", "state": KEPT,
           "split": "train", "query": "pesto " * 40}  # fmt: skip
    write_manifest(new_manifest([row]), tmp_path / "manifest.csv")
    return tmp_path


def test_a_story_is_printed_as_it_is_and_written_as_a_page(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = workspace / "out" / "story.html"
    show_trace("[red]a.jpg", workspace, page)
    text = capsys.readouterr().out
    # brackets are no markup, and what is long is folded, not cut
    assert "http://h/[red]a.jpg" in text and "kept, for training" in text
    assert len(re.findall("pesto", text)) >= 41 and "…" not in text
    assert "data:image/jpeg" in page.read_text()


def test_with_a_recipe_it_tells_why_a_picture_was_kept(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = workspace / "lunch.yaml"
    recipe.write_text(
        "name: lunch\nclasses: [{name: pesto}, {name: bread}]\ncollect: {folder: .}\n"
    )
    # beside the recipe, where the review page puts it
    (workspace / "filter.csv").write_text("path,keep,reason\n[red]a.jpg,1,a fine bowl\n")
    for given, is_told in [(recipe, True), (None, False)]:
        show_trace("[red]a.jpg", workspace, None, given)
        assert ("keep: a fine bowl" in capsys.readouterr().out) is is_told


def test_without_a_manifest_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="foodcls prepare"):
        show_trace("a.jpg", tmp_path, None)
