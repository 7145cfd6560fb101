import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import foodcls
from foodcls.manifest import KEPT, new_manifest
from foodcls.tables.manifest_csv import write_manifest


def test_each_public_name_is_there_and_no_other_is() -> None:
    assert {name: callable(getattr(foodcls, name)) for name in foodcls.__all__} == {
        "__version__": False,
        "find_duplicates": True,
        "load_model": True,
        "load_recipe": True,
        "predict": True,
        "read_manifest": True,
    }
    with pytest.raises(AttributeError, match="'foodcls' has no attribute 'train_model'"):
        foodcls.train_model  # noqa: B018


def test_the_lines_of_the_readme_run(
    camera: Path, noise: Callable[..., Image.Image], tmp_path: Path
) -> None:
    readme = Path(__file__).resolve().parents[2] / "README.md"
    (lines,) = (block.partition("```")[0] for block in readme.read_text().split("```python\n")[1:])
    (tmp_path / "photos").mkdir()
    for number in range(2):
        noise(1).save(tmp_path / "photos" / f"{number}.png")
    for part in ("workspace", "recipes"):
        (tmp_path / part).mkdir()
    (tmp_path / "recipes" / "foods13.yaml").write_text(
        (readme.parent / "recipes" / "sample.yaml").read_text().partition("filter:")[0]
    )
    row = {"id": "0" * 64, "label": "soup", "state": KEPT}
    write_manifest(new_manifest([row]), tmp_path / "workspace" / "manifest.csv")
    named = lines.partition('"workspace/models/')[2].partition('"')[0]
    told = "print(len(answers), len(repeats), len(pictures), recipe.name)"
    program = lines.replace(f"workspace/models/{named}", str(camera)) + told
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, text=True,
                          capture_output=True, check=True)  # fmt: skip
    assert done.stdout.split() == ["2", "1", "1", "sample"]


def test_a_recipe_is_read_without_torch() -> None:
    program = "import sys, foodcls; foodcls.load_recipe; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], text=True, capture_output=True, check=True
    )
    assert done.stdout.strip() == "False"
