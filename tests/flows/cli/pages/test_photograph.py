import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.pages.photograph import qr_code


@pytest.mark.runs("foodcls photograph")
def test_the_command_says_where_to_go_and_what_to_put_into_the_recipe(
    recipe: Path, tmp_path: Path
) -> None:
    words = ["photograph", recipe, "--folder", tmp_path / "soup, salad: {test}"]
    with subprocess.Popen([sys.executable, "-m", "flows.cli.main", *words], text=True,
                          stdout=subprocess.PIPE,
                          env=os.environ | {"PYTHONUNBUFFERED": "1"}) as process:  # fmt: skip
        try:
            assert process.stdout
            url = re.search(r"http://127\.0\.0\.1:\d+/\S+/", process.stdout.readline())
            assert url
            with urllib.request.urlopen(f"{url[0]}state", timeout=30) as answer:
                assert b"pesto" in answer.read()
            process.send_signal(signal.SIGINT)
            told = process.stdout.read()
        finally:
            process.kill()
    assert process.returncode in (0, -signal.SIGKILL)
    assert qr_code(url[0]) in told and "adb reverse" in told
    wanted = {"folder": str(tmp_path / "soup, salad: {test}"), "grouped_by_folder": "shared"}
    assert yaml.safe_load(told.splitlines()[-1]) == {"test": wanted}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--folder photos/test"),
        (["--host", "kitchen"], "name an IP address"),
        (["--folder", __file__], "name one with --folder"),
    ],
)
def test_without_a_folder_or_an_address_it_says_what_to_type(
    recipe: Path, words: list[str], said: str
) -> None:
    folder = ["--folder", str(recipe.parent / "new")] if words else []
    done = CliRunner().invoke(app, ["photograph", str(recipe), *folder, *words])
    assert done.exit_code == 2 and said in done.stderr
