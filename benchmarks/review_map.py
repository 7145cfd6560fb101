"""Opens the review page's map of drawn pictures in Chromium, and moves about on it.

    OMP_NUM_THREADS=1 python benchmarks/review_map.py
    OMP_NUM_THREADS=1 python benchmarks/review_map.py --pictures 20000

The pictures lie in clouds around their classes. Frames are those that Chromium hands to
requestAnimationFrame while real events of a mouse reach it, the map drawn anew in each; without a
graphics card it draws on the processor. They are counted from afar, where each picture is a sign,
and close by, where those in sight are thumbnails.
"""

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from drawn_gallery import describe_frames, draw, shown
from peers import describe_machine

from foodcls.evaluate.likeness import DIMENSIONS, Likeness, save_likeness
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace

OPENINGS = 3
SECONDS = 4  # of each motion
SPREAD = 0.12  # in each dimension, of pictures around the middle of their class
RECORD = """(() => {
  const times = window.frames_seen = [];
  requestAnimationFrame(function step(now) {
    times.push(now);
    if (window.frames_seen === times) requestAnimationFrame(step);
  });
})()"""
IS_OPEN = "!document.querySelector('#map').hidden"
# drawn, and nothing waits to be drawn
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
CENTER = """(() => { const b = document.querySelector('#canvas').getBoundingClientRect();
  return [b.x + b.width / 2, b.y + b.height / 2, b.width, b.height]; })()"""


def cluster(folder: Path, classes: int) -> None:
    """Let pictures of a class look alike, more or less."""
    workspace, random = Workspace.at(folder / "workspace"), np.random.default_rng(1)
    manifest = read_manifest(workspace.manifest)
    labels = tuple(f"dish {number:03}" for number in range(classes))
    given = manifest["label"].map({label: place for place, label in enumerate(labels)}).to_numpy()
    centers = random.normal(size=(classes, DIMENSIONS)) / math.sqrt(DIMENSIONS)
    rows = centers[given] + random.normal(0, SPREAD, (len(given), DIMENSIONS))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    half = np.full(len(given), 0.5, np.float16)
    save_likeness(
        Likeness(tuple(manifest["id"]), rows.astype(np.float16), half, half,
                 (given + 1) % classes, labels),
        workspace.likeness,
    )  # fmt: skip


def open_map(browser: Any, url: str) -> float:
    """Seconds from the key until the map is drawn."""
    browser.open("about:blank", "true")
    browser.open(url)
    started = time.perf_counter()
    browser.press("m")
    browser.wait(IS_OPEN)
    browser.value(f"{PAINTED}.then(() => true)")
    return time.perf_counter() - started


def move(browser: Any, kind: str) -> None:
    """Print the frames a second while the mouse pans, zooms or draws a lasso."""
    x, y, width, height = browser.value(CENTER)
    browser.value(RECORD)
    end, step = time.monotonic() + SECONDS, 0
    button = {"button": "right", "buttons": 2} if kind == "panning" else {"button": "left"}
    if kind != "zooming":
        browser.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **button)
    while time.monotonic() < end:
        step += 1
        if kind == "zooming":
            turn = -60 if step % 80 < 40 else 60
            browser.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0,
                         deltaY=turn)  # fmt: skip
        else:
            place = {"x": x + 0.3 * width * math.sin(step / 25), "y": y + 0.3 * height
                     * (1 - math.cos(step / 25)) / 2}  # fmt: skip
            browser.call("Input.dispatchMouseEvent", type="mouseMoved", buttons=2, **place)
    if kind != "zooming":
        browser.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, **button)
    frames = browser.value(
        "(() => { const seen = frames_seen; window.frames_seen = null; return seen; })()"
    )
    print(f"  {kind:<38} {describe_frames(frames)}; {step / SECONDS:.0f} events a second",
          flush=True)  # fmt: skip


def look(browser: Any, url: str) -> None:
    """Open the map, wait until it is laid out, and move from afar and close by."""
    from browser_fixtures import SAVED

    first = open_map(browser, url)
    started = time.perf_counter()
    browser.wait("document.querySelector('#unfolding').hidden", 3600)
    print(f"{'drawn by two components first, after':<40} {first:.2f} s")
    print(f"{'laid out, in the background, after':<40} {time.perf_counter() - started:.0f} s more")
    again = [open_map(browser, url) for _ in range(OPENINGS)]
    print(f"{'kept, drawn after':<40} {statistics.median(again):.2f} s "
          f"({min(again):.2f} to {max(again):.2f})")  # fmt: skip
    for where, turns in (("from afar", 0), ("close by", 5)):
        print(f"{where}:")
        for _ in range(turns):
            browser.press("+")
        time.sleep(2)  # thumbnails come
        for kind in ("panning", "zooming"):
            move(browser, kind)
    waits = []
    for _ in range(3):
        started = time.perf_counter()
        browser.press("w", "w", "w", "k")
        browser.value(SAVED)
        browser.value(f"{PAINTED}.then(() => true)")
        waits.append(time.perf_counter() - started)
        browser.press("Escape", "ArrowRight", "ArrowDown")
    print(f"{'32 marked, kept, saved and drawn':<40} {statistics.median(waits):.2f} s")


def main() -> None:
    """Draw, serve, look."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--classes", type=int, default=13)
    options = parser.parse_args()
    print(describe_machine())
    print(f"{options.pictures} pictures of {options.classes} classes", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        recipe = draw(folder, options.pictures, options.classes)
        cluster(folder, options.classes)
        with shown(recipe, folder) as (browser, url):
            look(browser, url)


if __name__ == "__main__":
    main()
