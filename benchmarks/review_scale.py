"""Opens the review page on 100,000 drawn pictures in Chromium, scrolls, and watches the server.

    python benchmarks/review_scale.py
    python benchmarks/review_scale.py --pictures 100000 --classes 1

Frames are those that Chromium hands to requestAnimationFrame while the wheel turns through the
grid; without a graphics card it draws on the processor.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from drawn_gallery import describe_frames, draw, shown
from peers import describe_machine

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


def look(browser: Any, url: str) -> None:
    """Open the page, scroll, and ask for doubtful pictures."""
    from browser_fixtures import SAVED

    opened = []
    for _ in range(OPENINGS):
        browser.open("about:blank", "true")
        started = time.perf_counter()
        browser.open(url, f"document.querySelector('.card.here') && {SEEN}")
        opened.append(time.perf_counter() - started)
    frames = describe_frames(browser.value(SCROLL % (1000 * SECONDS)))
    print(f"{'opened, every picture in sight drawn':<40} {statistics.median(opened):.2f} s "
          f"({min(opened):.2f} to {max(opened):.2f})")  # fmt: skip
    print(f"{'scrolling':<40} {frames}")
    for key, name in (("k", "a decision, saved and shown"), ("n", "doubts of all, ordered anew")):
        waits = []
        for _ in range(3):
            started = time.perf_counter()
            browser.press(key)
            browser.value(SAVED)
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=20)
    options = parser.parse_args()
    print(describe_machine())
    print(f"{options.pictures} pictures of {options.classes} classes", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        recipe = draw(folder, options.pictures, options.classes)
        with shown(recipe, folder) as (browser, url):
            look(browser, url)


if __name__ == "__main__":
    main()
