"""Runs a model in a real browser; the runtime is fetched once by hand, as its message says."""

import base64
import functools
import http.server
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from color_profiles import rgb_profile
from PIL import Image

from foodcls.export.load import load_model
from foodcls.export.predict import predict
from foodcls.export.torchscript import InferenceConfig
from foodcls.export.web.write import PAGE, read_runtime, write_page
from foodcls.store.store import digest_json

pytest.importorskip("onnxscript")
SEEN = 24  # pixels a side of what the network sees, as `develop` takes them


class Camera(torch.nn.Module):
    """A network that answers with the very pixels it is shown, and a black one after them."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(pixels.flatten(1).float() / 255, (0, 1))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose answers tell what the network sees; it is never sure."""
    from foodcls.export.onnx.write import onnx_bytes

    path = tmp_path_factory.mktemp("model") / "<b>camera.onnx"
    labels = tuple(map(str, range(3 * SEEN * SEEN + 1)))
    config = InferenceConfig(SEEN, labels, abstain_below=0.9)
    path.write_bytes(onnx_bytes(Camera(), config, {"labels_digest": digest_json(labels)}))
    return path


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(model: Path, browser_runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page and what it needs."""
    folder = tmp_path_factory.mktemp("page")
    write_page(model, read_runtime(browser_runtime), folder)
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The page, on a plain static server."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def pictures(noise: Callable[..., Image.Image], encode: Callable[..., bytes]) -> dict[str, bytes]:
    """Four pictures in each of seven forms."""
    exif, found = Image.Exif(), {}
    for seed, (width, height) in enumerate([(300, 200), (97, 411), (640, 480), (64, 64)]):
        drawn = noise(seed, width, height)
        exif[0x0112] = 3 + seed
        clear = drawn.convert("RGBA")
        clear.putalpha(noise(9, width, height).convert("L"))
        found |= {
            f"{seed}_plain.jpg": encode(drawn, "JPEG"),
            f"{seed}_turned.jpg": encode(drawn, "JPEG", exif=exif),
            f"{seed}_progressive.jpg": encode(drawn, "JPEG", progressive=True, quality=60),
            f"{seed}_p3.jpg": encode(drawn, "JPEG", icc_profile=rgb_profile("display p3")),
            f"{seed}_gray.png": encode(drawn.convert("L")),
            f"{seed}_clear.png": encode(clear),
            f"{seed}_small.webp": encode(drawn.resize((30, 41)), "WEBP"),
        }
    return found


def test_the_browser_answers_as_predict_does(
    url: str, browser: Any, model: Path, noise: Callable, encode: Callable, develop: Callable,
    tmp_path: Path,
) -> None:  # fmt: skip
    browser.open(url, "document.body?.dataset.ready")
    drawn = pictures(noise, encode)
    assert len(drawn) >= 25
    loaded = load_model(model)
    for name, data in drawn.items():
        text = base64.b64encode(data).decode()
        blob = f"new Blob([Uint8Array.from(atob('{text}'), (c) => c.charCodeAt(0))])"
        found = browser.value(f"predict({blob})")
        (path := tmp_path / name).write_bytes(data)
        [wanted] = predict(loaded, [path])
        worst = np.abs(np.subtract(found["probabilities"], wanted.probabilities)).max()
        assert worst < 1e-3, name
        # the network sees the same pixels, but for what the programs that read profiles round
        seen, meant = develop(found["probabilities"]), develop(wanted.probabilities)
        assert np.abs(seen - meant).max() < 2.5, name
        assert (found["unsure"], found["none"]) == (wanted.is_unsure, wanted.is_none)


def test_a_person_sees_the_answer_and_no_other_host_is_asked(
    url: str, browser: Any, noise: Callable, encode: Callable, tmp_path: Path
) -> None:
    browser.resize(400, 800)
    browser.open(url, "document.body?.dataset.ready")
    assert browser.value("document.querySelector('#name').textContent") == "<b>camera"
    good, bad = tmp_path / "dish.png", tmp_path / "text.jpg"
    good.write_bytes(encode(noise(4)))
    bad.write_text("no picture")
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    box = browser.call("DOM.querySelector", nodeId=root, selector="#choose input")
    browser.call("DOM.setFileInputFiles", nodeId=box["nodeId"], files=[str(good), str(bad)])
    browser.wait("document.querySelectorAll('article[data-done]').length === 2")
    titles = browser.value("[...document.querySelectorAll('h2')].map((e) => e.textContent)")
    assert titles[0] == "This browser cannot read it" and titles[1].startswith("Unsure: ")
    assert browser.value("document.querySelectorAll('article:last-child meter').length") == 5
    seen = "performance.getEntriesByType('resource').map((e) => new URL(e.name).origin)"
    assert {f"{origin}/" for origin in browser.value(seen) if origin != "null"} == {url}
    assert browser.value("document.documentElement.scrollWidth") == 400


def test_a_model_is_read_with_its_own_facts_or_it_says_that_it_cannot_be(
    url: str, folder: Path, browser: Any
) -> None:
    old = (folder / "model.json").read_text()
    try:
        # of what is a year old a browser keeps a copy for a month
        os.utime(folder / "model.json", (1, 1))
        browser.open(url, "document.body?.dataset.ready")
        (folder / "model.json").write_text(old.replace("<b>camera", "newer"))
        browser.open(f"{url}index.html", "document.body?.dataset.ready")
        assert browser.value("document.title") == "newer"
        digest = json.loads(old)["digest"]
        seen = browser.value("performance.getEntriesByType('resource').map((e) => e.name)")
        assert f"{url}model.onnx?{digest}" in seen
        (folder / "model.json").write_text("no JSON")
        # of two files of one second the server says that they are the same
        os.utime(folder / "model.json", (later := time.time() + 9, later))
        browser.open(url, "document.querySelector('#status')")
        browser.wait("document.querySelector('#status').textContent.includes('cannot be loaded')")
        browser.errors.clear()  # it is thrown on
    finally:
        (folder / "model.json").write_text(old)


def test_the_page_names_no_other_host_and_lets_none_be_asked() -> None:
    text = (PAGE / "index.html").read_text()
    assert "default-src 'none'" in text and "connect-src 'self'" in text
    for path in PAGE.iterdir():
        assert not re.search(r"https?://", path.read_text()), path.name
