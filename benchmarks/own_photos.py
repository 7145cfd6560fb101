"""Learns from a few own photos beside web photographs, and says what these were worth.

    python benchmarks/own_photos.py PHOTOS OWN --workspace W
    python benchmarks/own_photos.py PHOTOS OWN --workspace W --per-class 20

PHOTOS are foods13_web.py's photographs, collected and prepared as there; OWN holds own photos as
CLASS/TRAY/NAME. A probe for cut-outs on white learns from both, see docs/models.md. Each tray is
answered for by a head that has seen no photo of it (own.grouped_by_folder: shared), then each tray
of each class (true), and by one that has seen no own photo. Intervals are by a bootstrap of groups.
"""

import argparse
import time
from pathlib import Path
from typing import Literal

import pandas as pd
from foods13_web import PORT, prepare_web
from peers import describe_machine
from target import pick_few, plan_method

from foodcls.dedup.dedup import dedup
from foodcls.evaluate.own_photos import judge_own
from foodcls.features.row_cache import FeatureCache
from foodcls.inspect.inspect import inspect
from foodcls.manifest import class_counts, kept_rows, new_manifest
from foodcls.metrics.own_worth import OwnWorth
from foodcls.recipe.data_settings import Dedup, Inspect, Own
from foodcls.recipe.recipe import load_recipe
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.train import train
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

WAYS: dict[bool | Literal["shared"], str] = {"shared": "a tray", True: "a tray of a class"}


def read_own(folder: Path, store: Store) -> pd.DataFrame:
    """Rows of own photos as the split leaves them: look-alikes share a cluster, or are dropped."""
    rows = []
    for path in sorted(folder.glob("*/*/*.png")):
        data, place = path.read_bytes(), path.relative_to(folder)
        rows.append({"id": store.put(data), "label": place.parts[0], "origin": place.as_posix(),
                     "source": "own", "bytes": len(data), "outcome": "ok",
                     "state": "kept"})  # fmt: skip
    seen = inspect(new_manifest(rows), store, Inspect(), Dedup().hash)
    return kept_rows(dedup(seen, store, Dedup()).manifest).assign(split="own")


def show(name: str, found: OwnWorth) -> None:
    """Print what own photos showed."""
    print(f"\nleft out: {name}; {found.n} own photos in {found.groups} groups", flush=True)
    print(f"  AUC as the network is given them {found.auc:.3f}, as crawled "
          f"{found.auc_as_crawled:.3f}; by class "
          f"{', '.join(f'{one.label} {one.auc:.2f}' for one in found.by_class)}")  # fmt: skip
    if found.gain:
        for name, digits in (("accuracy", 3), ("average_position", 2)):
            before, after = (getattr(side, name).value for side in (found.gain.a, found.gain.b))
            gain = getattr(found.gain, name)
            print(f"  {name.replace('_', ' ')}: {after:.{digits}f} with own photos of other "
                  f"groups, {before:.{digits}f} without: {gain.value:+.{digits}f} "
                  f"({gain.low:+.{digits}f} to {gain.high:+.{digits}f})")  # fmt: skip


def main() -> None:
    """Prepare, learn and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("own", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/own_photos"))
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--per-class", type=int, default=0, help="training photos; 0: all")
    options = parser.parse_args()
    recipe = load_recipe(prepare_web(options.photos, options.workspace, options.port))
    workspace = Workspace.at(options.workspace)
    crawl = pick_few(read_manifest(workspace.manifest), options.per_class)
    whole = pd.concat([crawl, read_own(options.own.resolve(), workspace.store)], ignore_index=True)
    settings, begun = plan_method(recipe, "probe, target", 0)[0], time.perf_counter()
    checkpoint = train(whole, workspace.store, recipe.labels, settings, workspace.pixels, bars)
    print(f"{describe_machine()}\nlearnt from {checkpoint.train_count} web photographs and "
          f"{checkpoint.own_count} own ones in {time.perf_counter() - begun:.0f} s; own a class: "
          f"{ {label: row['own'] for label, row in class_counts(whole).items()} }")  # fmt: skip
    for how, name in WAYS.items():
        own = Own(folder=options.own.resolve(), grouped_by_folder=how)
        found = judge_own(
            checkpoint, whole, FeatureCache(workspace.store, workspace.pixels, bars), own
        )
        assert found is not None
        show(name, found)


if __name__ == "__main__":
    main()
