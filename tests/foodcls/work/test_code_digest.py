import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foodcls.work.code_digest import behind, code_digest


def test_source_digest_sees_a_change_in_an_imported_module(tmp_path: Path) -> None:
    """A copy of the library, one line of a module that is imported changed."""
    root = Path(__file__).resolve().parents[3]
    program = (
        "from foodcls.work.code_digest import code_digest; "
        "print(code_digest(('foodcls.runs.stage_result',)))"
    )
    subprocess.run(["cp", "-r", root / "foodcls", tmp_path], check=True)

    def digest() -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True,
            check=True, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        return done.stdout.strip()

    before = digest()
    assert digest() == before
    with (tmp_path / "foodcls" / "manifest.py").open("a") as file:
        file.write("\nX = 1\n")
    assert digest() != before


def test_source_digest_does_not_see_modules_that_are_not_imported() -> None:
    assert code_digest(("foodcls.metrics.ranks",)) != code_digest(("foodcls.augment",))


def test_the_modules_behind_one_are_all_that_it_imports_but_for_carriers() -> None:
    wanted = ("foodcls.manifest", "foodcls.runs.stage_result")
    assert behind(("foodcls.runs.stage_result",)) == wanted
    assert behind(("foodcls.errors",)) == ()


def test_the_code_behind_a_module_is_read_and_not_imported() -> None:
    program = (
        "import sys; from foodcls.work.code_digest import behind; "
        "print(*behind(('foodcls.export.export',))); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True)
    found, imported = done.stdout.splitlines()
    assert {"foodcls.export.onnx.write", "foodcls.export.optimize"} <= set(found.split())
    assert not {"torch", "onnxscript", "pandas"} & set(imported.split())


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("collect.engines.registry", "beautifulsoup4"),
        ("inspect.inspect", "pillow"),
        ("features.activations", "timm"),
        ("features.activations", "torchvision"),
        ("features.activations", "torch"),
        ("features.pixels", "pillow"),
    ],
)
def test_the_version_of_each_package_counts_under_the_name_it_is_installed_by(
    module: str, package: str, upgrade: Callable[[str], None]
) -> None:
    before = code_digest((f"foodcls.{module}",))
    upgrade(package)
    assert code_digest((f"foodcls.{module}",)) != before
