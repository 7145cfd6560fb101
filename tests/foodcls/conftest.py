"""A real browser, for tests that look at a page."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]
CODES = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13,
         "Escape": 27, "Delete": 46, "Tab": 9, " ": 32, "Home": 36, "End": 35}  # fmt: skip


class Browser:
    """A page in Chromium, seen and used as a person does: by clicks, keys and what it shows."""

    def __init__(self, address: str) -> None:
        import websocket

        self._socket = websocket.create_connection(address, timeout=30, suppress_origin=True)
        self._number = 0
        self.errors: list[str] = []
        self.expected: str | None = None  # in the text of errors that a test provokes
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(message["params"]["exceptionDetails"])[:600])
            if message.get("method") == "Log.entryAdded":
                entry = message["params"]["entry"]
                # the browser asks for an icon by itself
                is_own = "favicon" in entry.get("url", "")
                is_expected = self.expected is not None and self.expected in entry["text"]
                if entry["level"] == "error" and not is_own and not is_expected:
                    self.errors.append(entry["text"])
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]

    def open(self, url: str, ready: str = "document.querySelector('.card.here')") -> None:
        self.call("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({url!r}) && {ready}")

    def value(self, script: str) -> Any:
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not self.value(f"Boolean({script})"):
            assert time.monotonic() < end, f"never true: {script}; {self.errors}"
            time.sleep(0.01)

    def press(self, *keys: str, shift: bool = False) -> None:
        for key in keys:
            code = CODES.get(key) or ord(key.upper())
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
            self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def mouse(self, kind: str, x: float, y: float, count: int = 1, modifiers: int = 0) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                  buttons=0 if kind == "mouseReleased" else 1, clickCount=count,
                  modifiers=modifiers)  # fmt: skip

    def click(self, selector: str, count: int = 1, modifiers: int = 0) -> None:
        x, y = self.value(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView("
            "{block: 'nearest'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for number in range(1, count + 1):
            self.mouse("mousePressed", x, y, number, modifiers)
            self.mouse("mouseReleased", x, y, number, modifiers)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.mouse("mousePressed", *start)
        for share in (0.3, 0.7, 1.0):
            place = [a + share * (b - a) for a, b in zip(start, end, strict=True)]
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1],
                      button="left", buttons=1)  # fmt: skip
        self.mouse("mouseReleased", *end)

    def on_picture(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the zoomed picture lies in the window."""
        place = f"new DOMPoint({x}, {y}).matrixTransform(boxes.getScreenCTM())"
        spot = self.value(f"(() => {{ const p = {place}; return [p.x, p.y]; }})()")
        return spot[0], spot[1]

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])

    def shoot(self, path: Path) -> None:
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The debugging port of a headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: the page is not looked at")
    folder = tmp_path_factory.mktemp("chromium")
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _debugging_port(folder / "DevToolsActivePort")
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def browser(chromium: int) -> Iterator[Browser]:
    """A new empty page; at the end it has logged no error."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{chromium}/json/new?about:blank", method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        target = json.load(answer)
    page = Browser(target["webSocketDebuggerUrl"])
    page.resize(1280, 860)
    yield page
    errors = page.errors
    page.call("Page.close")
    page.close()
    assert not errors


def _debugging_port(path: Path) -> int:
    end = time.monotonic() + 60
    while not (path.exists() and path.read_text().count("\n")):
        assert time.monotonic() < end, "chromium did not start"
        time.sleep(0.05)
    return int(path.read_text().split("\n")[0])
