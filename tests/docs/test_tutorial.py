"""Types the tutorial from its first line to its last, with a recipe that takes seconds."""

import json
import logging
import shutil
import webbrowser
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path

import pytest
from typer.testing import CliRunner

import flows.cli.main
import flows.cli.pages.review
from flows.prepare import prepare
from foodcls.recipe.recipe import load_recipe
from foodcls.runs.stage_result import describe

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """\
name: sample
classes:
  - {name: pasta_with_clams_and_mussels, queries: [pasta with clams and mussels]}
  - {name: pasta_with_pesto, queries: [pasta with pesto]}
  - {name: bread, queries: [bread]}
collect: {engines: [sample], per_query: 14, min_per_class: 5}
augment: {per_class: 8}
train:
  {backbone: test_resnet, weights: none, trainable: [], hidden_units: 0, input_size: 32, epochs: 1}
export: {formats: [torchscript]}
"""
PLACE = "workspace/tutorial"


@pytest.fixture(scope="module")
def type_in(
    prefect_server: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """Type a command in a clone of the project: its recipe is small, and Ctrl-C follows at once."""

    def tell_alone(app: object, socket: object, seconds: float, tell: Callable[[], None]) -> None:
        tell()
        assert opened[-1].startswith("http://127.0.0.1:")

    def run(*words: str) -> str:
        spread = [name for word in words for name in (sorted(glob(word)) or [word])]
        done = CliRunner().invoke(flows.cli.main.app, spread)
        assert done.exit_code == 0, f"{words}: {done.output}"
        return done.output

    logger, opened, clone = logging.getLogger("foodcls"), [], tmp_path_factory.mktemp("clone")
    before = [*logger.handlers], logger.level, logger.propagate
    for folder in ("recipes", "docs"):
        (clone / folder).mkdir()
    (clone / "recipes" / "sample.yaml").write_text(RECIPE)
    shutil.copy(ROOT / "docs" / "dish.jpg", clone / "docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(clone)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(flows.cli.main, "ROOT", clone)
        patch.setattr(webbrowser, "open", opened.append)
        patch.setattr(flows.cli.pages.review, "serve_until_stopped", tell_alone)
        yield run
    logger.handlers, logger.level, logger.propagate = before


@pytest.fixture(scope="module")
def said(type_in: Callable[..., str], commands) -> dict[str, str]:
    """What each command of the tutorial answered, by its name."""
    typed = [one.words for one in commands if one.place == "tutorial.md"]
    return {words[1]: type_in(*words[1:]) for words in typed if words[0] == "foodcls"}


def test_the_tutorial_leads_from_pictures_to_answers(said: dict[str, str]) -> None:
    assert list(said) == ["doctor", "prepare", "trace", "review", "run", "predict"]
    assert "manifest.csv" in said["prepare"]
    assert "pasta_with_pesto-0001.jpg" in said["trace"] and "kept" in said["trace"]
    assert "Then: foodcls run" in said["review"]
    result = json.loads(Path("result.json").read_text())
    assert result["n"] > 0 and Path(PLACE, "report.html").exists()
    assert set(result["per_class"]) >= {"bread"}
    assert "dish.jpg" in said["predict"]
    # prepare has done them, and the page has changed nothing
    assert {"collect", "inspect", "dedup", "crop", "augment"} <= set(result["cached"])


@pytest.mark.runs("foodcls trace")
def test_a_story_becomes_a_page(said: dict[str, str], type_in: Callable[..., str]) -> None:
    type_in("trace", "pasta_with_pesto-0001.jpg", "--workspace", PLACE, "--html", "story.html")
    assert "pasta_with_pesto" in Path("story.html").read_text()


@pytest.mark.runs("make demo")
def test_the_demo_is_the_sample_recipe(said: dict[str, str], type_in: Callable[..., str]) -> None:
    done = type_in("demo", "--workspace", PLACE)
    # found in the tutorial's workspace, so it is the same work
    assert "cached" in done and "nothing of food" in done
    assert "$(BIN)/foodcls demo\n" in (ROOT / "Makefile").read_text()


@pytest.mark.long
def test_the_sample_gives_the_stages_that_the_tutorial_shows_and_nothing_is_in_vain(
    prefect_server: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text()
    shown = page.partition("```text\n")[2].partition("```")[0].splitlines()
    with caplog.at_level("INFO", logger="foodcls"):
        done = prepare(load_recipe(ROOT / "recipes" / "sample.yaml"), tmp_path / "space")
    assert [describe(step)[: len(line)] for step, line in zip(done.steps, shown, strict=True)] == (
        shown
    )
    # no row of its tables names a picture that is gone
    assert "changes nothing" not in caplog.text
    assert "; 0 rows not used" in caplog.text
