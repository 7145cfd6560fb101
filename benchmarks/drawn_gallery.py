"""Serves drawn pictures on the review page to Chromium, and says how many frames it draws.

The pictures are rows of a manifest; their thumbnails lie in the cache, as after a first look.
The server is a process of its own, whose memory is told at the end.
"""

import io
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from peers import process_memory
from PIL import Image

from flows.cli.pages.review import open_visit
from foodcls.evaluate.likeness import DIMENSIONS, Likeness, save_likeness
from foodcls.manifest import KEPT, new_manifest
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace.workspace import Workspace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "fixtures"))

DRAWN = 200  # different thumbnails; the others are links to these


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


@contextmanager
def shown(recipe: Path, folder: Path) -> Iterator[tuple[Any, str]]:
    """A browser, and the address of a page that another process serves it."""
    # not by the server's process, whose memory is measured
    from browser_fixtures import open_chromium, open_page

    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=_serve, args=(recipe, folder / "workspace", there))
    server.start()
    url, seconds = here.recv()
    print(f"{'the server is ready after':<40} {seconds:.2f} s", flush=True)
    try:
        with open_chromium(folder / "chromium") as port:
            yield open_page(port), url
    finally:
        here.send("stop")
        print(f"{'memory of the server, at most':<40} {here.recv():.0f} MiB")
        server.terminate()


def _serve(recipe: Path, folder: Path, told: Connection) -> None:
    """Serve the page until told to stop; then say how much memory it took, in MiB."""
    started = time.perf_counter()
    visit = open_visit(recipe, folder)
    told.send((visit.url, time.perf_counter() - started))
    server = uvicorn.Server(uvicorn.Config(visit.app, log_level="warning"))
    threading.Thread(target=server.run, args=([visit.opened],), daemon=True).start()
    told.recv()
    told.send(process_memory("VmHWM") / 1024)


def describe_frames(times: Sequence[float]) -> str:
    """How many frames a second there were, by the milliseconds at which each was drawn."""
    frames = np.diff(times)
    slow = 1000 / np.quantile(frames, 0.95)
    return f"{1000 / frames.mean():.0f} frames a second, slowest twentieth below {slow:.0f}"
