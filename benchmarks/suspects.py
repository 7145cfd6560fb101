"""Scores `foodcls suspects` by the ground truth that foods13_web.py's photographs come with.

    python benchmarks/foods13_web.py PHOTOS --workspace W     # first: prepares the workspace
    python benchmarks/suspects.py PHOTOS --workspace W        # how early unrelated photos stand
    python benchmarks/suspects.py PHOTOS --workspace W --train    # and what dropping them gains

The column kind of PHOTOS/index.csv is read for scoring alone. With --train two models learn from
the same split, once from all photos and once without the suspects, copies left out of both; they
are judged on the test photos that are of a class.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pandas as pd
from foods13_web import read_index

from foodcls.evaluate.evaluate import evaluate
from foodcls.evaluate.label_issues import judged_rows
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import drop_rows
from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.train import train
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

SHARES = (0.10, 0.25, 0.50)


def list_unrelated(photos: Path, manifest: pd.DataFrame) -> set[str]:
    """Ids of the pictures that the ground truth calls unrelated."""
    index = read_index(photos)
    paths = set(index["path"][index["kind"] == "unrelated"])
    path = manifest["origin"].str.replace(r"^https?://[^/]+/", "", regex=True)
    return set(manifest["id"][path.isin(paths) & (manifest["parent"] == "")])


def score(suspects: pd.DataFrame, unrelated: set[str]) -> Iterator[tuple[str, str]]:
    """How many of the unrelated stand how early, and how many of the advised drops are such."""
    is_planted = suspects["id"].isin(unrelated)
    yield "pictures ranked", f"{len(suspects)}, {is_planted.sum()} of them unrelated"
    for share in SHARES:
        found = is_planted.head(int(len(suspects) * share)).sum()
        yield f"unrelated in the first {share:.0%}", f"{found} ({found / is_planted.sum():.1%})"
    advised = suspects["keep"] == 0
    yield "advised to be dropped", f"{advised.sum()}, {(advised & is_planted).sum()} unrelated"
    yield "  of those not unrelated", f"{advised[~is_planted].mean():.1%}"


def compare(
    recipe: Recipe, workspace: Workspace, suspects: pd.DataFrame, unrelated: set[str]
) -> Iterator[tuple[str, str]]:
    """Train with and without the suspects; judge both on the same test photos."""
    originals = judged_rows(read_manifest(workspace.manifest)).assign(
        state="kept", stage="", reason=""
    )
    is_test = originals["split"] == "test"
    rows = originals[~(is_test & originals["id"].isin(unrelated))]
    advised = set(suspects["id"][suspects["keep"] == 0])
    doubted = rows.index[rows["id"].isin(advised) & (rows["split"] != "test")]
    cleaned = drop_rows(rows, dict.fromkeys(doubted, "suspect"), "filter")
    sets = {"all": rows, "no suspects": cleaned}
    for name, pictures in sets.items():
        parts = (pictures, workspace.store, recipe.labels, recipe.train, workspace.pixels, bars)
        limit = recipe.train.cache_bytes
        features = FeatureCache(workspace.store, workspace.pixels, limit=limit)
        result = evaluate(train(*parts), pictures, features)
        learnt = (pictures["state"] == "kept") & (pictures["split"] == "train")
        told = f"{result.accuracy:.3f} of {result.n} (trained on {learnt.sum()})"
        yield f"accuracy, {name}", told


def main() -> None:
    """Rank, score and, if asked, train."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/foods13_web"))
    parser.add_argument("--train", action="store_true", help="also train with and without them")
    options = parser.parse_args()
    recipe, workspace = (
        options.workspace / "recipe" / "recipe.yaml",
        Workspace.at(options.workspace),
    )
    started = time.monotonic()
    command = ["suspects", str(recipe), "--workspace", str(options.workspace)]
    subprocess.run([sys.executable, "-m", "flows.cli.main", *command], check=True)
    print(f"{'seconds':<36} {time.monotonic() - started:.0f}")
    suspects = pd.read_csv(workspace.root / "suspects.csv")
    unrelated = list_unrelated(options.photos, read_manifest(workspace.manifest))
    lines = score(suspects, unrelated)
    if options.train:
        lines = chain(lines, compare(load_recipe(recipe), workspace, suspects, unrelated))
    for name, value in lines:
        print(f"{name:<36} {value}", flush=True)


if __name__ == "__main__":
    main()
