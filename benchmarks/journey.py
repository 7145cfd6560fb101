"""Times a newcomer's way: from a folder of pictures to a tested model, as two commands.

    python benchmarks/journey.py PHOTOS [PHOTOS ...] --per-class 40 [--seeds 3]

PHOTOS are folders as `foodcls init` takes them, or hold an index.csv (path,label) by which so
many of each class are laid out as one; no line is written and nothing is chosen. The two
commands run as processes in an empty folder, as a person types them, first with seed 0. Further
seeds of the split and the head take what does not hang on them from memory.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from peers import describe_machine

PROGRAM = Path(sys.executable).with_name("foodcls")


def main() -> None:
    """Measure each folder, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--per-class", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    print(describe_machine())
    for photos in arguments.photos:
        with tempfile.TemporaryDirectory() as folder:
            place = lay_out(photos.resolve(), Path(folder), arguments.per_class)
            print(measure(place, Path(folder), arguments.seeds), flush=True)


def lay_out(photos: Path, folder: Path, count: int) -> Path:
    """The folder itself, or a copy of its first pictures of each class in folders by class."""
    if not (photos / "index.csv").exists():
        return photos
    table = pd.read_csv(photos / "index.csv").groupby("label").head(count)
    for row in table.to_dict("records"):
        place = folder / photos.name / row["label"]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(photos / row["path"], place)
    return folder / photos.name


def measure(photos: Path, folder: Path, seeds: int) -> str:
    """Walk the way in an empty folder; seconds, processor seconds and accuracies in words."""
    init = type_in(folder, "init", str(photos))
    (recipe,) = folder.glob("*.yaml")
    spent, found = [], []
    for seed in range(seeds):
        changes = [f"--set={key}.seed={seed}" for key in ("train", "split")] if seed else []
        spent.append(type_in(folder, "run", recipe.name, "--json", "result.json", *changes))
        found.append(json.loads((folder / "result.json").read_text()))
    first = found[0]
    accuracies = ", ".join(f"{one['accuracy']:.3f}" for one in found)
    return (
        f"{photos.name}: init {init[0]:.0f} s, first run {spent[0][0]:.0f} s "
        f"({init[1] + spent[0][1]:.0f} s of processor in both); accuracy by seed {accuracies}, "
        f"mean {sum(one['accuracy'] for one in found) / len(found):.3f} "
        f"(seed 0: {first['accuracy_low']:.3f} to {first['accuracy_high']:.3f}, n = {first['n']})"
    )


def type_in(folder: Path, *words: str) -> tuple[float, float]:
    """Run a command to its end; seconds of the clock and of the processor."""
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    begun, before = time.perf_counter(), os.times()
    subprocess.run(
        [PROGRAM, *words], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    after = os.times()
    spent = after.children_user - before.children_user
    return time.perf_counter() - begun, spent + after.children_system - before.children_system


if __name__ == "__main__":
    main()
