import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.models.export import fetch_runtime
from foodcls.errors import InputError
from foodcls.export.torchscript import InferenceConfig
from foodcls.export.web.write import FILES, PACKAGE, VERSION
from foodcls.store.store import digest_json

pytest.importorskip("onnxscript")


class Mean(torch.nn.Module):
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float().mean((2, 3))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    from foodcls.export.onnx.write import onnx_bytes

    labels = ("red", "green", "blue")
    facts = {"labels_digest": digest_json(labels)}
    path = tmp_path / "at noon" / "lunch.onnx"
    path.parent.mkdir()
    path.write_bytes(onnx_bytes(Mean(), InferenceConfig(8, labels), facts))
    return path


def test_the_folder_holds_all_that_the_page_needs(model: Path, browser_runtime: Path) -> None:
    asked = ["--format", "web", "--runtime", str(browser_runtime)]
    done = CliRunner().invoke(app, ["export", str(model.with_suffix(".pt")), *asked])
    assert done.exit_code == 0 and "http.server" in done.stdout
    folder = model.parent / "lunch-web"
    assert shlex.split(done.stdout)[-1] == str(folder)
    assert json.loads((folder / "model.json").read_text())["labels"] == ["red", "green", "blue"]
    assert (folder / "model.onnx").read_bytes() == model.read_bytes()
    assert {path.name for path in (folder / "runtime").iterdir()} == {*FILES, "LICENSE.txt"}
    assert (folder / "index.html").is_file()


def test_what_is_missing_is_told_with_what_to_type(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Callable[[str], None] = lambda name: None  # noqa: E731
    monkeypatch.setattr(shutil, "which", nothing)
    done = CliRunner().invoke(app, ["export", str(model.with_suffix(".pt")), "--format", "web"])
    assert done.exit_code == 2 and f"npm pack {PACKAGE}@{VERSION}" in done.stderr
    assert not (model.parent / "lunch-web").exists()


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed here")
def test_what_npm_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(InputError, match=r"\(npm error .*ECONNREFUSED"):
        fetch_runtime(tmp_path)
