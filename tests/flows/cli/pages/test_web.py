import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from flows.cli.main import app
from foodcls.export.export import labels_digest
from foodcls.export.torchscript import InferenceConfig
from foodcls.export.web.runtime import FILES, PACKAGE, VERSION

pytest.importorskip("onnxscript")
RUNTIME = Path.home() / ".cache" / "foodcls-benchmarks" / f"{PACKAGE}-{VERSION}.tgz"


class Mean(torch.nn.Module):
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float().mean((2, 3))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    from foodcls.export.onnx.write import onnx_bytes

    labels = ("red", "green", "blue")
    facts = {"labels_digest": labels_digest(labels)}
    path = tmp_path / "lunch.onnx"
    path.write_bytes(onnx_bytes(Mean(), InferenceConfig(8, labels), facts))
    return path


@pytest.mark.runs("foodcls page")
def test_the_folder_holds_all_that_the_page_needs(model: Path, tmp_path: Path) -> None:
    if not RUNTIME.exists():
        pytest.skip(f"no runtime: npm pack {PACKAGE}@{VERSION}, and move it to {RUNTIME}")
    done = CliRunner().invoke(app, ["page", str(model), "--runtime", str(RUNTIME)])
    assert done.exit_code == 0 and "http.server" in done.stdout
    folder = tmp_path / "lunch-web"
    assert json.loads((folder / "model.json").read_text())["labels"] == ["red", "green", "blue"]
    assert (folder / "model.onnx").read_bytes() == model.read_bytes()
    assert {path.name for path in (folder / "runtime").iterdir()} == {*FILES, "LICENSE.txt"}
    assert (folder / "index.html").is_file()


def test_what_is_missing_is_told_with_what_to_type(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(*words: str) -> str:
        done = CliRunner().invoke(app, ["page", *words])
        assert done.exit_code == 2
        return done.stderr

    assert "--format onnx" in say(str(tmp_path / "other.pt"))
    nothing: Callable[[str], None] = lambda name: None  # noqa: E731
    monkeypatch.setattr(shutil, "which", nothing)
    assert f"npm pack {PACKAGE}@{VERSION}" in say(str(model))
    assert not (tmp_path / "lunch-web").exists()
