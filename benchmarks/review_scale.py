"""Opens the review page on 100,000 drawn pictures in Chromium, scrolls, and watches the server.

    python benchmarks/review_scale.py
    python benchmarks/review_scale.py --pictures 100000 --classes 1

The pictures are rows of a manifest; their thumbnails lie in the cache, as after a first look.
The server is a process of its own. Frames are those that Chromium hands to requestAnimationFrame
while the wheel turns through the grid; without a graphics card it draws on the processor.
"""

import argparse
import io
import multiprocessing
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from peers import describe_machine
from PIL import Image

from flows.cli.pages.review import make_server
from foodcls.evaluate.likeness import DIMENSIONS, Likeness, save_likeness
from foodcls.manifest import KEPT, new_manifest
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace.workspace import Workspace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "fixtures"))

DRAWN = 200  # different thumbnails; the others are links to these
OPENINGS = 3
SECONDS = 4  # of scrolling
# a turn of the wheel in each frame, and how long the frames took
SCROLL = """new Promise((done) => {
  const grid = document.querySelector('#grid'), times = [];
  const step = (now) => {
    times.push(now);
    grid.scrollTop += 60;
    if (now - times[0] < %d) requestAnimationFrame(step); else done(times);
  };
  requestAnimationFrame(step);
})"""
SEEN = """[...document.querySelectorAll('.card')].filter((card) => {
  const box = card.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight;
}).every((card) => card.querySelector('img').naturalWidth)"""


def draw(folder: Path, count: int, classes: int) -> Path:
    """A workspace of `count` pictures with their thumbnails; the recipe's file."""
    workspace, random = Workspace.at(folder / "workspace"), np.random.default_rng(0)
    # a recipe has two classes or more; of a single one, the second has no pictures
    labels = [f"dish {number:03}" for number in range(max(2, classes))]
    ids = [random.bytes(32).hex() for _ in range(count)]
    drawn = []
    for number in range(DRAWN):
        pixels = random.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).resize((256, 192)).save(buffer, "JPEG", quality=82)
        drawn.append(folder / f"{number}.jpg")
        drawn[-1].write_bytes(buffer.getvalue())
    for place, name in enumerate(ids):
        path = workspace.thumbs / name[:2] / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(drawn[place % DRAWN], path)
    write_manifest(new_manifest(
        {"id": name, "label": labels[place % classes], "source": "urls", "outcome": "ok",
         "origin": f"http://127.0.0.1/{place:06}.jpg", "state": KEPT, "width": 640, "height": 480}
        for place, name in enumerate(ids)), workspace.manifest)  # fmt: skip
    rows = random.normal(size=(count, DIMENSIONS)).astype(np.float16)
    own = random.random(count).astype(np.float16)
    guess = random.integers(0, len(labels), count)
    save_likeness(
        Likeness(tuple(ids), rows, own, 1 - own, guess, tuple(labels)), workspace.likeness
    )
    recipe = folder / "recipe.yaml"
    names = ", ".join(f"{{name: {label}}}" for label in labels)
    recipe.write_text(f"name: many\nclasses: [{names}]\ncollect: {{urls: urls.csv}}\n")
    (folder / "urls.csv").write_text("label,url\n")
    return recipe


def serve(recipe: Path, folder: Path, told: Connection) -> None:
    """Serve the page until told to stop; then say how much memory it took, in MiB."""
    started = time.perf_counter()
    server = make_server(recipe, folder)
    told.send((server.url, time.perf_counter() - started))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.recv()
    # of this program alone: getrusage tells what the one that started it took, if that is more
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    told.send(int(peak) / 1024)


def look(browser: Any, url: str) -> None:
    """Open the page, scroll, and ask for doubtful pictures."""
    opened = []
    for _ in range(OPENINGS):
        browser.open("about:blank", "true")
        started = time.perf_counter()
        browser.open(url, f"document.querySelector('.card.here') && {SEEN}")
        opened.append(time.perf_counter() - started)
    times = browser.value(SCROLL % (1000 * SECONDS))
    frames = np.diff(times)
    print(f"{'opened, every picture in sight drawn':<40} {statistics.median(opened):.2f} s "
          f"({min(opened):.2f} to {max(opened):.2f})")  # fmt: skip
    print(f"{'frames a second while scrolling':<40} {1000 / frames.mean():.0f}, slowest twentieth "
          f"below {1000 / np.quantile(frames, 0.95):.0f}")  # fmt: skip
    for key, name in (("k", "a decision, saved and shown"), ("n", "doubts of all, ordered anew")):
        waits = []
        for _ in range(3):
            started = time.perf_counter()
            browser.press(key)
            browser.value("import('./api.js').then((api) => api.whenSaved()).then(() => true)")
            if key == "n":
                browser.wait("document.querySelector('#label').textContent === 'Most doubtful'")
                waits.append(time.perf_counter() - started)
                browser.press("Escape")
                browser.wait("document.querySelector('#label').textContent !== 'Most doubtful'")
            else:
                waits.append(time.perf_counter() - started)
        print(f"{name:<40} {statistics.median(waits):.2f} s (at most {max(waits):.2f})")


def main() -> None:
    """Draw, serve, look."""
    # not by the server's process, whose memory is measured
    from browser_fixtures import open_chromium, open_page

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=20)
    options = parser.parse_args()
    print(describe_machine())
    print(f"{options.pictures} pictures of {options.classes} classes", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        recipe = draw(folder, options.pictures, options.classes)
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        server = context.Process(target=serve, args=(recipe, folder / "workspace", there))
        server.start()
        url, seconds = here.recv()
        print(f"{'the server is ready after':<40} {seconds:.2f} s", flush=True)
        try:
            with open_chromium(folder / "chromium") as port:
                look(open_page(port), url)
        finally:
            here.send("stop")
            print(f"{'memory of the server, at most':<40} {here.recv():.0f} MiB")
            server.terminate()


if __name__ == "__main__":
    main()
