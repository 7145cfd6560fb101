"""How long commands take to answer: whole processes, the best of some, on a quiet machine.

    python benchmarks/answers.py [--workspace W] [--repeats 3] [--demo]

The recipe is one of drawn patches, small enough that starting up is nearly all of it. CPU seconds
are those of the process and of what it waited for; Prefect's temporary server, which ends a moment
after it, is not among them. With --demo the demo is run too, first once uncounted, which takes
minutes. It ends with 1 where an answer takes more processor seconds than a person waits gladly: on
a busy machine those tell what the clock would on a quiet one.
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

RECIPE = """\
name: patches
classes: [{name: reds}, {name: greens}, {name: blues}]
collect: {folder: photos, min_per_class: 5}
train: {backbone: resnet18, weights: none, trainable: [], input_size: 32, epochs: 1, lr: 0.01}
"""
# seconds that a person waits gladly
WANTED = {"--help": 0.5, "a refused recipe": 2, "predict, one picture": 3, "an unchanged run": 10,
          "a second demo": 12}  # fmt: skip


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--demo", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        slow = measure(Path(folder), given.workspace or Path(folder) / "w", given)
    sys.exit(f"too long: {', '.join(slow)}" if slow else 0)


def measure(folder: Path, space: Path, given: argparse.Namespace) -> list[str]:
    """Print a row for each command, the first run of a recipe uncounted; those that take long."""
    recipe, refused = draw(folder), folder / "refused.yaml"
    refused.write_text(RECIPE.replace("photos", "no_photos"))
    words = ["run", recipe, "--workspace", space]
    answer(words, 0)
    (model,) = (space / "models").glob("*.pt")
    photo = folder / "photos" / "reds" / "1.png"
    commands = [(["--help"], 0), (["run", refused], 2), (["predict", model, photo], 0), (words, 0)]
    if given.demo:
        demo = ["demo", "--workspace", space.with_name("demo")]
        answer(demo, 0)
        commands.append((demo, 0))
    slow = []
    print("| command | seconds | CPU seconds | wanted |\n|---|---:|---:|---:|")
    for (name, wanted), (command, code) in zip(WANTED.items(), commands, strict=False):
        figures = [answer(command, code) for _ in range(given.repeats)]
        wall, cpu = map(min, zip(*figures, strict=True))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {wanted:g} |", flush=True)
        slow += [name] if cpu > wanted else []
    return slow


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
