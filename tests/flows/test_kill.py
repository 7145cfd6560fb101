"""Kills runs with SIGKILL, starts them again by the same command, and looks at what is left."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.settings import PREFECT_API_URL

from flows.train import train
from foodcls.manifest import VOLATILE, read_table
from foodcls.summary import summarize

# as the terminal names them when they are over; a kill comes soon after
STAGES = ["check", "check tables", "collect", "inspect", "dedup", "filter", "crop", "split",
          "augment", "train", "evaluate", "export"]  # fmt: skip


class Runner:
    """Starts `foodcls run` as a person does, in a process of its own."""

    def __init__(self, recipe: Path) -> None:
        self.recipe = recipe
        # the server of the tests: starting one of its own would take most of the time
        api = str(PREFECT_API_URL.value())
        self.environment = os.environ | {"PREFECT_API_URL": api, "PYTHONUNBUFFERED": "1"}

    def kill_after(self, stage: str, delay: float, space: Path) -> None:
        """Run until `stage` is over and `delay` seconds more, then kill."""
        words = [sys.executable, "-m", "flows.cli", "run", self.recipe, "--workspace", space]
        with subprocess.Popen(words, env=self.environment, text=True, stderr=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as process:  # fmt: skip
            assert process.stderr
            for line in process.stderr:
                if line.strip().startswith(f"{stage:<9} "):
                    break
            time.sleep(delay)
            process.kill()

    def finish(self, space: Path) -> dict[str, Any]:
        return summarize(train(self.recipe, None, space))


@pytest.fixture
def runner(prefect_server: None, recipe: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Runner(recipe)


def assert_same_outcome(runner: Runner, killed: Path, whole: Path) -> dict[str, Any]:
    """The run that was killed ends as one that was not, and leaves no part of a file."""
    result, wanted = runner.finish(killed), runner.finish(whole)
    same = ("model_digest", "accuracy", "per_class", "stage_counts")
    assert {name: result[name] for name in same} == {name: wanted[name] for name in same}
    tables = [
        read_table(space / "manifest.csv").drop(columns=VOLATILE) for space in (killed, whole)
    ]
    pd.testing.assert_frame_equal(*tables)
    assert not [path for path in killed.rglob("*.part") if path.is_file()]
    return result


def test_a_run_killed_again_and_again_ends_as_an_unbroken_one(
    runner: Runner, tmp_path: Path
) -> None:
    space = tmp_path / "killed"
    for stage in ("inspect", "train"):
        runner.kill_after(stage, 0.05, space)
    result = assert_same_outcome(runner, space, tmp_path / "whole")
    # what was over before the last kill is not done again
    assert set(result["cached"]) >= {"collect", "inspect", "dedup", "augment", "train"}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_a_kill_in_any_stage_loses_nothing(runner: Runner, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    for stage in STAGES:
        runner.kill_after(stage, draw.uniform(0, 0.6), tmp_path / "killed")
    assert_same_outcome(runner, tmp_path / "killed", tmp_path / "whole")
