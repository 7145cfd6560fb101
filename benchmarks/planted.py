"""Pictures whose truth is known: strangers as they were planted, and labels moved here.

Two sets: foods13_web.py's photographs in a prepared workspace, whose index names 260 strangers; and
grocery_small, to which dishes of the first set are added as strangers. In both 5 % of the pictures
that are of a class are moved to another. The features are those that `foodcls suspects` judges by.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from foods13_web import read_index
from peers import CACHE, peer_bin, peer_version
from suspects import list_unrelated

from foodcls.evaluate.label_issues import (
    Floats,
    LabelScores,
    judged_rows,
    pool_features,
    score_labels,
)
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import KEPT, cluster_names, new_manifest
from foodcls.metrics.ranks import Ints
from foodcls.recipe.recipe import load_recipe
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest
from foodcls.train.dataset import encode_labels
from foodcls.workspace.workspace import Workspace
from tasks.engine.progress import bars

HERE = Path(__file__).resolve().parent
PEER = ("cleanlab==2.9.0",)
MOVED = 0.05  # of the pictures that are of a class
STRANGERS = 0.15  # of grocery_small's pictures, as many as foods13_web has
STRANGER = -1


@dataclass(frozen=True)
class Planted:
    """N pictures with what they are said to be and what they are."""

    name: str
    manifest: pd.DataFrame  # N rows, labels as given
    labels: tuple[str, ...]
    features: Floats  # float32 (N, F), rows of length 1
    given: Ints  # (N,)
    truth: Ints  # (N,), -1 for a stranger

    @property
    def is_wrong(self) -> np.ndarray:
        """bool (N,): strangers and moved labels."""
        return self.given != self.truth

    @property
    def groups(self) -> np.ndarray:
        """Names of look-alikes, (N,)."""
        return cluster_names(self.manifest).to_numpy(dtype=object)

    @cached_property
    def scored(self) -> LabelScores:
        """What `foodcls suspects` makes of the labels as given."""
        return score_labels(self.features, self.given, self.groups, len(self.labels))


def plant_foods(photos: Path, folder: Path, seed: int) -> Planted:
    """foods13_web in a workspace that `foodcls prepare` has filled."""
    recipe, workspace = load_recipe(folder / "recipe" / "recipe.yaml"), Workspace.at(folder)
    manifest = read_manifest(workspace.manifest)
    rows = judged_rows(manifest).drop_duplicates("id").reset_index(drop=True)
    truth = encode_labels(rows, recipe.labels)
    truth[rows["id"].isin(list_unrelated(photos, manifest))] = STRANGER
    cache = FeatureCache(workspace.store, workspace.pixels, bars)
    return _plant("foods13_web", rows, recipe.labels, truth, cache, recipe.train, seed)


def plant_groceries(folder: Path, photos: Path, workspace: Path, seed: int) -> Planted:
    """grocery_small with dishes among them, in a workspace of its own."""
    store, rows = Store(workspace / "store"), []
    labels = tuple(sorted(place.name for place in (folder / "train").iterdir()))
    files = [(path, path.parent.name) for path in sorted(folder.glob("*/*/*.jpg"))]
    index = read_index(photos)
    dishes = index["path"][index["kind"] == "original"]
    count = round(len(files) * STRANGERS / (1 - STRANGERS))
    drawn = dishes.sample(count, random_state=seed)
    names = np.random.default_rng(seed).choice(labels, count)
    files += [(photos / path, str(name)) for path, name in zip(drawn, names, strict=True)]
    for path, label in files:
        digest = store.put(path.read_bytes())
        row = {"id": digest, "picture": digest, "label": label, "source": "folders",
               "origin": str(path), "state": KEPT, "width": 224, "height": 224}  # fmt: skip
        rows.append(row)
    manifest = new_manifest(rows).drop_duplicates("id").reset_index(drop=True)
    truth = encode_labels(manifest, labels)
    truth[manifest["origin"].str.startswith(str(photos))] = STRANGER
    cache = FeatureCache(store, workspace / "pixels", bars)
    settings = Train(backbone="tf_efficientnet_lite0")
    return _plant("grocery_small", manifest, labels, truth, cache, settings, seed)


def _plant(
    name: str, rows: pd.DataFrame, labels: tuple[str, ...], truth: Ints, cache: FeatureCache,
    settings: Train, seed: int,
) -> Planted:  # fmt: skip
    """Move labels of pictures that are of a class, each to any other with equal chance."""
    features = pool_features(rows, settings, cache)
    given, generator = encode_labels(rows, labels), np.random.default_rng(seed)
    known = np.flatnonzero(truth != STRANGER)
    moved = generator.choice(known, round(len(known) * MOVED), replace=False)
    given[moved] = (given[moved] + generator.integers(1, len(labels), len(moved))) % len(labels)
    named = rows.assign(label=np.array(labels)[given])
    return Planted(name, named, labels, features, given, truth)


def order_by_peer(planted: Planted) -> tuple[str, dict[str, Ints]]:
    """cleanlab's version and its orders of the pictures, (N,) places, the worst first."""
    programs = peer_bin("cleanlab", PEER, CACHE, sees_ours=True)
    with tempfile.TemporaryDirectory() as place:
        given, told = Path(place) / "given.npz", Path(place) / "told.npz"
        groups = pd.factorize(planted.groups)[0]
        np.savez(given, features=planted.features, given=planted.given, groups=groups)
        subprocess.run([programs / "python", HERE / "loops" / "label_issues.py", given, told],
                       check=True)  # fmt: skip
        with np.load(told) as orders:
            return peer_version(programs, "cleanlab"), {name: orders[name] for name in orders.files}


def order_by_ours(planted: Planted) -> Ints:
    """The order of `foodcls suspects`, (N,) places, the worst first."""
    return np.argsort(-planted.scored.scores(planted.given), kind="stable")
