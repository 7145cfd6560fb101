"""Uses the page with as many pictures of a class as anybody looks at, and takes the time.

`pytest -s tests/foodcls/review/test_page_at_scale.py` prints what docs/pictures.md tells.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser_fixtures import SAVED
from PIL import Image

from foodcls.manifest import KEPT, new_manifest
from foodcls.review.decision_files import ReviewFiles
from foodcls.store.store import Store

COUNT = 5000
DECIDED = 4000
TRIES = 12
VISITS = 2
# seconds, of medians: five times the slowest seen on two cores of an AMD EPYC while others' work
# queued for them (load 9). The worst is only printed: after 12 or 30 visits in one tab seconds
# sometimes pass after the server has answered, and why is not known
BOUNDS = {"ready": 10, "next": 0.4, "saved": 1}
# every picture in the window is drawn
ALL_SEEN = """(() => {
  const cards = [...document.querySelectorAll('.card')];
  const seen = cards.filter((card) => card.offsetTop < innerHeight);
  return seen.length > 9 && seen.every((card) => card.querySelector('img').naturalWidth);
})()"""


@pytest.fixture
def many(
    workspace: Path, noise: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> pd.DataFrame:
    """A manifest of 5,000 pictures of one class, as large as a photo from the web."""
    # drawn with grain: a photo has some, and a JPEG of flat color would be read too fast
    grain = Image.effect_noise((640, 480), 60).convert("RGB")
    data = encode(Image.blend(noise(0, 640, 480), grain, 0.2), "JPEG", quality=85)
    store, rows = Store(workspace / "store"), []
    for number in range(COUNT):
        # a comment behind the start of the file: other bytes, so another picture
        digest = store.put(data[:2] + b"\xff\xfe\x00\x06%04d" % number + data[2:])
        rows.append({
            "id": digest, "label": "pesto", "source": "urls", "outcome": "ok", "state": KEPT,
            "origin": f"http://127.0.0.1/{number:04}.jpg", "width": 640, "height": 480,
            "bytes": len(data) + 8, "format": "JPEG",
        })  # fmt: skip
    return new_manifest(rows)


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def test_five_thousand_pictures_of_a_class_are_no_burden(
    browser: Any, visit: Callable, serve: Callable, many: pd.DataFrame, files: ReviewFiles
) -> None:
    lines = [f"{digest},{number % 2}," for number, digest in enumerate(many["id"][:DECIDED])]
    files.decisions.write_text("\n".join(["id,keep,reason", *lines, ""]))
    address = serve(visit(many)).url
    shown = "document.querySelector('.card.here').dataset.id"

    def arrive() -> None:
        count = "document.querySelector('[data-chip=all] span')?.textContent"
        browser.open(address, f"{count} === '{COUNT}'")
        browser.wait(ALL_SEEN)

    def decide() -> None:
        before = browser.value(shown)
        browser.press("k")
        browser.wait(f"{shown} !== {before!r}")

    def leave() -> None:
        browser.open("about:blank", "document.querySelector('.card') === null")

    times: dict[str, list[float]] = {"ready": [], "next": [], "saved": []}
    for _ in range(VISITS):
        leave()
        times["ready"].append(timed(arrive))
    browser.click("[data-chip=undecided]")
    for _ in range(TRIES):
        next_seen = timed(decide)
        times["next"].append(next_seen)
        # the key is pressed only when the one before is saved, so this is one save
        times["saved"].append(next_seen + timed(lambda: browser.value(SAVED)))
    figures = {name: (statistics.median(took), max(took)) for name, took in times.items()}
    print({name: [round(seconds, 3) for seconds in pair] for name, pair in figures.items()})
    assert len(files.decisions.read_text().splitlines()) == 1 + DECIDED + TRIES
    # only what is seen is loaded; the browser's own list of what was fetched ends at 250
    loaded = browser.value("[...document.images].filter((image) => image.naturalWidth).length")
    assert 9 < loaded < 300
    assert all(figures[name][0] < limit for name, limit in BOUNDS.items()), figures
