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


def test_a_table_beside_its_pictures_gets_a_recipe_outside_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos := tmp_path / "photos").mkdir()
    names = [(f"{label}{number}.jpg", label) for label in ("a", "b") for number in range(3)]
    for name, _ in names:
        (photos / name).write_bytes(b"\xff\xd8\xff\xe0")
    lines = [",".join(row) for row in (("filename", "class"), *names)]
    (photos / "labels.csv").write_text("\n".join(lines))
    monkeypatch.chdir(photos)
    done = CliRunner().invoke(app, ["init", "labels.csv"])
    assert done.exit_code == 0, done.output
    assert done.output.endswith(f"Next:\n  cd {tmp_path}\n  foodcls run labels.yaml\n")
    assert read_recipe(tmp_path / "labels.yaml").collect.folder == (photos,)
    # who stays there is told before anything is done
    run = CliRunner().invoke(app, ["run", str(tmp_path / "labels.yaml")])
    assert run.exit_code == 2 and f"--workspace {tmp_path / 'workspace'}" in run.stderr
    assert not (photos / "workspace").exists()
