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


def test_the_folder_holds_all_that_the_page_needs(
    model: Path, browser_runtime: Path, tmp_path: Path
) -> None:
    asked = ["--format", "web", "--runtime", str(browser_runtime)]
    done = CliRunner().invoke(app, ["export", str(model.with_suffix(".pt")), *asked])
    assert done.exit_code == 0 and "http.server" in done.stdout
    folder = tmp_path / "lunch-web"
    assert json.loads((folder / "model.json").read_text())["labels"] == ["red", "green", "blue"]
    assert (folder / "model.onnx").read_bytes() == model.read_bytes()
    assert {path.name for path in (folder / "runtime").iterdir()} == {*FILES, "LICENSE.txt"}
    assert (folder / "index.html").is_file()


def test_what_is_missing_is_told_with_what_to_type(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Callable[[str], None] = lambda name: None  # noqa: E731
    monkeypatch.setattr(shutil, "which", nothing)
    done = CliRunner().invoke(app, ["export", str(model.with_suffix(".pt")), "--format", "web"])
    assert done.exit_code == 2 and f"npm pack {PACKAGE}@{VERSION}" in done.stderr
    assert not (tmp_path / "lunch-web").exists()
