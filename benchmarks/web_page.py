"""Compares the answers of `foodcls export --format web` in Chromium with `foodcls predict`.

    python benchmarks/web_page.py MODEL.onnx PHOTOS --runtime onnxruntime-web-1.30.0.tgz

The same photos, one by one: the largest difference of a probability, whether the first class is
the same, and the milliseconds that the page says. Exit code 1 where a difference is above 1e-3.
"""

import argparse
import base64
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from foods13_web import serving
from peers import busy, describe_machine

from foodcls.export.load import load_model
from foodcls.export.predict import predict
from foodcls.export.web.write import read_runtime, write_page
from foodcls.image.files import find_pictures

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "fixtures"))
from browser_fixtures import Browser, open_chromium, open_page  # noqa: E402

LIMIT = 1e-3  # of a probability


@contextmanager
def shown(folder: Path, place: Path) -> Iterator[Browser]:
    """The page of a folder in a browser of its own."""
    with serving(folder, 0) as address, open_chromium(place) as port:
        page = open_page(port)
        page.open(f"{address}/", "document.body?.dataset.ready")
        yield page


def main() -> None:
    """Write the page, and ask both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--count", type=int, default=25)
    options = parser.parse_args()
    print(f"{describe_machine()}; {options.model.name}")
    paths = find_pictures([options.photos])
    chosen = random.Random(0).sample(paths, min(options.count, len(paths)))
    worst, same, waited = 0.0, 0, []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "page")
        write_page(options.model, read_runtime(options.runtime), folder)
        with shown(folder, Path(place, "profile")) as page:
            for path, wanted in zip(
                chosen, predict(load_model(options.model), chosen), strict=True
            ):
                text = base64.b64encode(path.read_bytes()).decode()
                blob = f"new Blob([Uint8Array.from(atob('{text}'), (c) => c.charCodeAt(0))])"
                found = page.value(f"predict({blob}).catch((error) => ({{error: String(error)}}))")
                if wanted.error or "error" in found:
                    print(f"{path.name}: {wanted.error or 'answered'}; in the browser "
                          f"{found.get('error', 'answered')}")  # fmt: skip
                    continue
                differences = np.subtract(found["probabilities"], wanted.probabilities)
                worst = max(worst, float(np.abs(differences).max()))
                same += found["guess"] == wanted.guess
                waited.append(found["decode"] + found["network"])
    print(f"{len(waited)} of {len(chosen)} photos answered by both: largest difference "
          f"{worst:.1e}, first class the same in {same}; {np.median(waited):.0f} ms a photo in the "
          f"browser (median), one thread; {busy()}")  # fmt: skip
    sys.exit(int(worst > LIMIT))


if __name__ == "__main__":
    main()
