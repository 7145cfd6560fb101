"""Builds the wheel and tries it where no clone is; asks whether the lock fits each Python."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# a package index is asked
pytestmark = pytest.mark.long


def answer(*words: object, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(word) for word in words], cwd=folder, env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_wheel_works_in_a_bare_environment_without_the_clone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("foodcls", "tasks", "flows", "recipes"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, source)
    answer(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path,
           source, folder=tmp_path)  # fmt: skip
    shutil.rmtree(source)
    (wheel,) = tmp_path.glob("*.whl")
    answer(sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare", folder=tmp_path)
    python = tmp_path / "bare" / "bin" / "python"
    answer(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
           "--no-index", wheel, folder=tmp_path)  # fmt: skip
    # what it depends on is here already; what makes the clone importable is not read from there
    packages = answer(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))",
                      folder=tmp_path).strip()  # fmt: skip
    known = {Path(pytest.__file__).parent.parent, Path(sysconfig.get_path("purelib"))}
    Path(packages, "known.pth").write_text("\n".join(map(str, known)))
    command = tmp_path / "bare" / "bin" / "foodcls"
    assert answer(command, "--version", folder=tmp_path).startswith("foodcls 0.")
    program = (
        "import flows.cli.main as main; from foodcls.review.app import PAGE;"
        "from foodcls.recipe.recipe import load_recipe;"
        "read = load_recipe(main.ROOT / 'recipes' / 'sample.yaml');"
        "print(main.__file__, read.filter.manifest.is_file(), (PAGE / 'icon.svg').is_file())"
    )
    place, *found = answer(python, "-c", program, folder=tmp_path).split()
    assert place.startswith(packages) and found == ["True", "True"]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_lock_fits_each_python_with_wheels_alone(version: str, tmp_path: Path) -> None:
    pytest.importorskip("uv")
    answer(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", version,
           "--only-binary", ":all:", "--output-file", tmp_path / "lock", ROOT / "requirements.lock",
           folder=tmp_path)  # fmt: skip
