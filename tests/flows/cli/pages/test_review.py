import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from serving import Serving

from flows.cli.pages.review import open_visit, tell_next
from foodcls.errors import InputError
from foodcls.manifest import KEPT, new_manifest
from foodcls.review.decision_files import RecipeLine, ReviewFiles
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest, write_manifest


@pytest.fixture
def folder(tmp_path: Path, noise: Callable, encode: Callable) -> Path:
    workspace = tmp_path / "space"
    digest = Store(workspace / "store").put(encode(noise(1)))
    row = {"id": digest, "label": "pesto", "origin": "a.png", "state": KEPT, "width": 96,
           "height": 64}  # fmt: skip
    write_manifest(new_manifest([row]), workspace / "manifest.csv")
    return workspace


@pytest.mark.runs("foodcls review")
def test_the_command_serves_until_it_is_stopped_and_says_what_to_do_next(
    recipe: Path, folder: Path
) -> None:
    (recipe.parent / "filter.csv").write_text("id,keep,reason\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli.main", "review", recipe, "--workspace", folder,
         "--no-browser"],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout
        url = re.search(r"http://127\.0\.0\.1:\d+/\S+/", process.stdout.readline())
        assert url
        with urllib.request.urlopen(url[0] + "classes", timeout=10) as answer:
            assert b"pesto" in answer.read()
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    # boxes were not drawn: no line about them
    assert "filter: {manifest: filter.csv}" in told and "crop:" not in told
    assert "Then: foodcls run" in told


def test_without_pictures_it_says_what_to_run_first(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run `foodcls prepare"):
        open_visit(recipe, tmp_path / "none")


def test_names_with_brackets_are_told_whole_and_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    decisions = tmp_path / "filter.csv"
    decisions.touch()
    line = RecipeLine(decisions, "filter: {manifest: filter.csv}")
    files = ReviewFiles(decisions, tmp_path / "boxes.csv", (line,))
    tell_next(files, Path("[red]lunch.yaml"), Path("[red] space"))
    assert capsys.readouterr().out.splitlines() == [
        f"{decisions}",
        "Put into [red]lunch.yaml (into its section of that name, if it has one):",
        "  filter: {manifest: filter.csv}",
        "Then: foodcls run '[red]lunch.yaml' --workspace '[red] space'",
    ]


def test_it_listens_on_this_machine_only(recipe: Path, folder: Path) -> None:
    with open_visit(recipe, folder).opened as opened:
        assert opened.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_told(recipe: Path, folder: Path) -> None:
    with (
        open_visit(recipe, folder).opened as opened,
        pytest.raises(InputError, match="--port 0 takes a free one"),
    ):
        open_visit(recipe, folder, opened.getsockname()[1])


def test_the_test_pictures_are_served_by_themselves(recipe: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="no test pictures yet"):
        open_visit(recipe, folder, is_test=True)
    manifest = read_manifest(folder / "manifest.csv")
    write_manifest(manifest.assign(split="test"), folder / "manifest.csv")
    visit = open_visit(recipe, folder, annotator="=Ann", is_test=True)
    with Serving(visit.app, visit.opened):
        answer = httpx.get(f"{visit.url}classes", timeout=60, trust_env=False).json()
    assert answer["title"] == "lunch: test pictures"
    assert visit.session.files.decisions.name == "test-looks.csv"
    assert visit.session.annotator == "Ann"
