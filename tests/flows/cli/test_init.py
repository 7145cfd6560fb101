"""Two words to a recipe: `foodcls init`, then the command that it prints."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.options import read_recipe


@pytest.mark.runs("foodcls init")
def test_init_writes_a_recipe_that_is_taken_and_says_what_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for label in ("pizza", "salad"):
        Path("photos", label).mkdir(parents=True)
        for number in range(3):
            Path("photos", label, f"{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    for words in (["photos/"], ["lunch", "--classes", "pizza, salad"]):
        done = CliRunner().invoke(app, ["init", *words])
        assert done.exit_code == 0, done.output
        path = Path(done.output.split()[-1])
        assert done.output.endswith(f"\n  foodcls run {path}\n")
        assert read_recipe(path).labels == ("pizza", "salad")
        assert max(map(len, done.output.splitlines())) <= 80  # or a terminal breaks them
    again = CliRunner().invoke(app, ["init", "photos"])
    assert again.exit_code == 2 and "stays as it is" in again.stderr
