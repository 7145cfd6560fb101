"""What each step of cleaning changes in accuracy on foods13_web.py's photographs.

Three training sets come from one split by clusters: raw (every sound photo as it arrived),
deduplicated, and that without the photos that `foodcls suspects` marks keep = 0. Each is learnt
from without augmented copies, with several seeds; validation and test photos are the same for all
and nothing is ever dropped from them. Suspects are ranked among training photos alone, so that no
test label has a say in what is learnt from. The column kind of PHOTOS/index.csv is read for
scoring alone: the second figure leaves out the test photos that it calls unrelated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from suspects import list_unrelated

from foodcls.evaluate.evaluate import evaluate
from foodcls.evaluate.label_issues import judge_labels, rank_label_issues
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import KEPT, drop_rows, kept_rows, split_rows
from foodcls.metrics.metrics import wilson
from foodcls.metrics.predictions import Predictions, read_predictions
from foodcls.metrics.ranks import average_position, ranks
from foodcls.recipe.recipe import Recipe
from foodcls.split.ablation_sets import undo_drops
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.train import train
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars


@dataclass(frozen=True)
class Result:
    """What the models of one training set answered, a model for each seed."""

    name: str
    trained_on: int
    answers: tuple[Predictions, ...]


def measure_chain(
    recipe: Recipe, workspace: Workspace, photos: Path, seeds: int
) -> Iterator[tuple[str, str]]:
    """Train all, then give a line for each training set and each group of test photos."""
    manifest = read_manifest(workspace.manifest)
    unrelated = list_unrelated(photos, manifest)
    sets = derive_sets(undo_copies(manifest), recipe, workspace)
    results = [learn_set(name, rows, recipe, workspace, seeds) for name, rows in sets.items()]
    tests = split_rows(next(iter(sets.values())), "test")
    groups = {
        "all test photos": np.ones(len(tests), dtype=bool),
        "test photos of a class": ~tests["id"].isin(unrelated).to_numpy(),
    }
    for group, mask in groups.items():
        yield f"{group} (n = {mask.sum()})", f"mean of {seeds} seeds; 95 %: Wilson at n"
        for before, result in zip([None, *results], results, strict=False):
            yield f"  {result.name}", describe(result, before, mask)


def undo_copies(grown: pd.DataFrame) -> pd.DataFrame:
    """The manifest before augmentation: no copies, and the surplus is kept again."""
    back = grown[grown["parent"] == ""].reset_index(drop=True)
    surplus = back.index[back["stage"] == "augment"]
    back.loc[surplus, ["stage", "reason"]] = ""
    back.loc[surplus, "state"] = KEPT
    return back


def derive_sets(
    parted: pd.DataFrame, recipe: Recipe, workspace: Workspace
) -> dict[str, pd.DataFrame]:
    """The manifests of the three training sets."""
    distinct = undo_drops(parted, ("filter",), recipe.split)
    held_out = distinct.index[distinct["split"] != "train"]
    training = drop_rows(distinct, dict.fromkeys(held_out, "held out"), "variant")
    feature_cache = FeatureCache(workspace.store, workspace.pixels, bars, recipe.train.cache_bytes)
    judged = judge_labels(training, recipe.labels, recipe.train, feature_cache)
    ranked = rank_label_issues(judged)
    rows = kept_rows(distinct)
    is_doubted = rows["id"].isin(ranked["id"][ranked["keep"] == 0])
    doubted = rows.index[is_doubted & (rows["split"] == "train")]
    return {
        "raw": undo_drops(parted, ("dedup", "filter"), recipe.split),
        "deduplicated": distinct,
        "without suspects": drop_rows(distinct, dict.fromkeys(doubted, "suspect"), "variant"),
    }


def learn_set(
    name: str, manifest: pd.DataFrame, recipe: Recipe, workspace: Workspace, seeds: int
) -> Result:
    """Train with each seed, and read what was answered."""
    answers = []
    for seed in range(seeds):
        settings = recipe.train.model_copy(update={"seed": seed})
        parts = (manifest, workspace.store, recipe.labels, settings, workspace.pixels, bars)
        limit = settings.cache_bytes
        features = FeatureCache(workspace.store, workspace.pixels, limit=limit)
        scores = evaluate(train(*parts), manifest, features)
        answers.append(read_predictions(workspace.store.read(scores.predictions).decode()))
        print(f"  {name}, seed {seed}: {scores.accuracy:.3f}", flush=True)
    return Result(name, len(split_rows(manifest, "train")), tuple(answers))


def describe(result: Result, before: Result | None, mask: np.ndarray) -> str:
    """Accuracy and average position over the seeds, and the change from the set before."""
    n, right = int(mask.sum()), right_shares(result)[mask]
    low, high = wilson(round(right.sum()), n)
    position = np.mean([position_of(given, mask) for given in result.answers])
    text = (
        f"{right.mean():.3f} ({low:.3f} to {high:.3f})   average position {position:.2f}   "
        f"trained on {result.trained_on}"
    )
    if before is None:
        return text
    change = right - right_shares(before)[mask]
    middle, reach = change.mean(), 1.96 * change.std(ddof=1) / np.sqrt(n)
    return f"{text}   change {middle:+.3f} ({middle - reach:+.3f} to {middle + reach:+.3f})"


def right_shares(result: Result) -> np.ndarray:
    """For each test photo, the share of seeds whose model is right."""
    return np.mean([given.right for given in result.answers], axis=0)


def position_of(given: Predictions, mask: np.ndarray) -> float:
    """The macro average position on some of the test photos."""
    truth = given.truth[mask]
    return average_position(ranks(given.probabilities[mask], truth), truth)
