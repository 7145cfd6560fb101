"""A recipe small enough to run whole in seconds: three classes of drawn patches in a folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

RECIPE = """\
name: patches
classes: [{name: reds}, {name: greens}, {name: blues}]
collect: {folder: photos, min_per_class: 5}
split: {val: 0.25, test: 0.25}
augment: {per_class: 12}
train:
  backbone: resnet18
  weights: none
  trainable: []
  head: 0
  input_size: 32
  epochs: 3
  lr: 0.01
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The recipe's file, with its photographs beside it."""
    return write_recipe(tmp_path)


@pytest.fixture(scope="module")
def shared_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for tests that only read it."""
    return write_recipe(tmp_path_factory.mktemp("shared"))


def write_recipe(folder: Path) -> Path:
    """Draw twelve patches a class in the class's colour, and write the recipe."""
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
