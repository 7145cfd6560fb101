"""A recipe small enough to run whole in seconds: drawn patches, and timm's smallest network."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow.tracking import MlflowClient
from PIL import Image
from prefect.settings import PREFECT_API_URL

RECIPE = """\
name: patches
classes: [{name: reds}, {name: greens}, {name: blues}]
collect: {folder: photos, min_per_class: 5}
split: {val: 0.25, test: 0.25}
augment: {per_class: 12}
train:
  backbone: test_resnet
  weights: none
  trainable: []
  hidden_units: 0
  dropout: 0
  input_size: 32
  epochs: 3
  lr: 0.01
export: {formats: [torchscript]}  # to write and check .pt2, too, takes a run a second more
"""


@pytest.fixture(scope="session", autouse=True)
def small_steps(quick_tables: None) -> None:
    """Each workspace has a store of its own, and none waits for MLflow to make it."""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The recipe's file, with its photographs beside it."""
    return write_recipe(tmp_path)


@pytest.fixture(scope="module")
def shared_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for tests that only read it."""
    return write_recipe(tmp_path_factory.mktemp("shared"))


def write_recipe(folder: Path) -> Path:
    """Draw twelve patches a class in the class's color, and write the recipe."""
    for channel, label in enumerate(("reds", "greens", "blues")):
        photos = folder / "photos" / label
        photos.mkdir(parents=True)
        for number in range(12):
            draw = np.random.default_rng([channel, number])
            patches = draw.integers(0, 90, (6, 7, 3), dtype=np.uint8)
            patches[..., channel] += 150
            picture = Image.fromarray(patches).resize((90, 70), Image.Resampling.BICUBIC)
            picture.save(photos / f"{label}-{number}.png")
    path = folder / "patches.yaml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def change(recipe: Path) -> Callable[[str, str], None]:
    """Replace words in the recipe."""

    def edit(old: str, new: str) -> None:
        assert old in recipe.read_text()
        recipe.write_text(recipe.read_text().replace(old, new))

    return edit


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended; `code` is negative when it was killed."""

    code: int
    out: str
    err: str
    acted: bool  # whether the moment came that was waited for
    counts: dict[str, int] = field(default_factory=dict)  # of events, by the stage before
    result: dict[str, Any] = field(default_factory=dict)


class Starter:
    """Types `foodcls …` into real processes, and ends them at a moment; see starter.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "PREFECT_API_URL": str(PREFECT_API_URL.value()),
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        self.environment.pop("MLFLOW_TRACKING_URI", None)
        # tables that MLflow would make anew in each workspace, which takes it seconds
        MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        program = Path(__file__).with_name("starter.py")
        self.process = subprocess.Popen([sys.executable, str(program)], env=self.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)  # fmt: skip
        assert self._hear() == "ready"

    def new_space(self, place: Path) -> Path:
        """A workspace that has its empty MLflow store already."""
        place.mkdir(mode=0o700)
        shutil.copy(self.folder / "mlflow.db", place / "mlflow.db")
        return place

    def start(self, command: str, *words: object, space: Path, **job: Any) -> int:
        """Start a command in a workspace; the number of its process."""
        for old in self.folder.glob("out.*"):
            old.unlink()
        typed = [command, *map(str, words), "--workspace", str(space)]
        if command == "run":
            typed += ["--json", str(self.folder / "out.json")]
        ask = {"after": "", "event": "disk", "match": "", "at": 0, "action": "kill", "left": 0,
               "environment": {}, "out": str(self.folder / "out"), **job}  # fmt: skip
        assert self.process.stdin
        self.process.stdin.write(json.dumps({**ask, "words": typed, "space": str(space)}) + "\n")
        self.process.stdin.flush()
        return int(self._hear())

    def wait(self) -> Ended:
        """Wait for the end of what was started."""
        code = int(self._hear())
        files = {name: self.folder / f"out.{name}" for name in
                 ("out", "err", "acted", "counts", "json")}  # fmt: skip
        counts, result = (
            json.loads(files[name].read_text()) if files[name].exists() else {}
            for name in ("counts", "json")
        )
        texts = [files[name].read_text() for name in ("out", "err")]
        return Ended(code, *texts, files["acted"].exists(), counts, result)

    def run(self, *words: object, **job: Any) -> Ended:
        """`foodcls run` to its end."""
        self.start("run", *words, **job)
        return self.wait()

    def _hear(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@pytest.fixture(scope="session")
def starter(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """One process that has imported all that runs need, and forks them."""
    starter = Starter(tmp_path_factory.mktemp("starter"))
    yield starter
    starter.process.communicate()
