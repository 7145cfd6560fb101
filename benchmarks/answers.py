"""How long commands take to answer: whole processes, best of three, on a quiet machine.

    python benchmarks/answers.py [--workspace W]

The recipe is one of drawn patches, small enough that starting up is nearly all of it. CPU seconds
are those of the process and of what it waited for; Prefect's temporary server, which ends a moment
after it, is not among them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

REPEATS = 3
RECIPE = """\
name: patches
classes: [{name: reds}, {name: greens}, {name: blues}]
collect: {folder: photos, min_per_class: 5}
train: {backbone: resnet18, weights: none, trainable: [], input_size: 32, epochs: 1, lr: 0.01}
"""
# seconds that a person waits gladly
WANTED = {"--help": 0.5, "a refused recipe": 2, "predict, one picture": 3, "an unchanged run": 10}


def main() -> None:
    """Measure, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workspace", type=Path)
    named = options.parse_args().workspace
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), named or Path(folder) / "w")


def measure(folder: Path, space: Path) -> None:
    """Print a row for each command; the first run of the recipe is not counted."""
    recipe, refused = draw(folder), folder / "refused.yaml"
    refused.write_text(RECIPE.replace("photos", "no_photos"))
    words = ["run", recipe, "--workspace", space]
    answer(words, 0)
    (model,) = (space / "models").glob("*.pt")
    photo = folder / "photos" / "reds" / "1.png"
    commands = [(["--help"], 0), (["run", refused], 2), (["predict", model, photo], 0), (words, 0)]
    print("| command | seconds | CPU seconds | wanted |\n|---|---:|---:|---:|")
    for (name, wanted), (command, code) in zip(WANTED.items(), commands, strict=True):
        figures = [answer(command, code) for _ in range(REPEATS)]
        wall, cpu = map(min, zip(*figures, strict=True))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {wanted:g} |", flush=True)


def answer(words: list[object], code: int) -> tuple[float, float]:
    """Wall and CPU seconds of a command from its start to its end."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "flows.cli.main", *map(str, words)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    assert process.stderr
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == code, said
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


def draw(folder: Path) -> Path:
    """Twelve patches a class in the class's color, and the recipe."""
    for channel, label in enumerate(("reds", "greens", "blues")):
        (photos := folder / "photos" / label).mkdir(parents=True)
        for number in range(12):
            patches = np.random.default_rng([channel, number]).integers(0, 90, (6, 7, 3))
            patches[..., channel] += 150
            image = Image.fromarray(patches.astype(np.uint8)).resize((90, 70))
            image.save(photos / f"{number}.png")
    path = folder / "patches.yaml"
    path.write_text(RECIPE)
    return path


if __name__ == "__main__":
    main()
