import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pytest

from foodcls.errors import StageError
from foodcls.evaluate.evaluate import evaluate
from foodcls.features.row_cache import GIGABYTE, LIMIT, FeatureCache
from foodcls.manifest import new_manifest
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.metrics import wilson
from foodcls.metrics.predictions import read_predictions
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.train import train

Item = TypeVar("Item")
Trained = tuple[Checkpoint, pd.DataFrame]


@pytest.fixture
def predictions(trained: Trained, store: Store, tmp_path: Path) -> tuple[Evaluation, pd.DataFrame]:
    found = evaluate(*trained, FeatureCache(store, tmp_path / "cache"))
    table = pd.read_csv(io.BytesIO(store.read(found.predictions)), keep_default_na=False)
    return found, table


def test_figures_follow_from_the_predictions(
    predictions: tuple[Evaluation, pd.DataFrame],
) -> None:
    found, table = predictions
    right = int((table["label"] == table["predicted"]).sum())
    assert (found.split, found.n, len(table)) == ("test", 9, 9)
    assert found.accuracy == right / 9
    assert (found.scores.accuracy.low, found.scores.accuracy.high) == wilson(right, 9)
    assert found.scores.average_position_micro.value == pytest.approx(table["rank"].mean())
    means = table.groupby("label")["rank"].mean()
    assert found.average_position == pytest.approx(means.mean())
    assert found.scores.top3.value == 1.0
    assert sum(map(sum, found.confusion)) == 9
    for score in found.per_class:
        own = table[table["label"] == score.label]
        assert score.n == len(own) == 3
        assert score.recall == pytest.approx((own["predicted"] == score.label).mean())
        assert score.average_position == pytest.approx(means[score.label])


def test_training_pictures_are_not_judged(trained: Trained, store: Store, tmp_path: Path) -> None:
    checkpoint, manifest = trained
    for blob in manifest.loc[manifest["split"] != "test", "picture"]:
        store.path(blob).unlink()
    assert evaluate(checkpoint, manifest, FeatureCache(store, tmp_path / "new")).n == 9


def test_another_split_may_be_judged(trained: Trained, store: Store, tmp_path: Path) -> None:
    checkpoint, manifest = trained
    found = evaluate(checkpoint, manifest, FeatureCache(store, tmp_path / "cache"), split="val")
    assert found.accuracy == checkpoint.best.val_accuracy
    assert found.average_position == checkpoint.best.val_average_position


def test_a_class_without_test_pictures_has_no_figures_and_no_nan(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    fewer = manifest[(manifest["split"] != "test") | (manifest["label"] != "sushi")]
    found = evaluate(checkpoint, fewer, FeatureCache(store, tmp_path / "cache"))
    sushi = found.per_class[2]
    assert (sushi.n, sushi.recall, sushi.average_position) == (0, None, None)
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_no_test_pictures_are_an_error(trained: Trained, store: Store, tmp_path: Path) -> None:
    checkpoint, manifest = trained
    bare = manifest[manifest["split"] != "test"]
    with pytest.raises(StageError, match="no test pictures"):
        evaluate(checkpoint, bare, FeatureCache(store, tmp_path / "cache"))


def test_an_evaluation_repeats(trained: Trained, store: Store, tmp_path: Path) -> None:
    first = evaluate(*trained, FeatureCache(store, tmp_path / "a"))
    assert evaluate(*trained, FeatureCache(store, tmp_path / "b")).digest == first.digest


def test_no_origin_is_a_formula_to_a_spreadsheet(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    sly = manifest.copy()
    sly["origin"] = '=HYPERLINK("http://x")'
    found = evaluate(checkpoint, sly, FeatureCache(store, tmp_path / "cache"))
    table = pd.read_csv(io.BytesIO(store.read(found.predictions)))
    assert set(table["origin"]) == {'\'=HYPERLINK("http://x")'}


def test_clusters_are_the_groups_that_are_drawn(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    alone = evaluate(checkpoint, manifest, FeatureCache(store, tmp_path / "cache"))
    grouped = manifest.assign(cluster=manifest["label"])
    together = evaluate(checkpoint, grouped, FeatureCache(store, tmp_path / "cache"))
    assert (alone.groups, together.groups) == (9, 3)
    assert together.accuracy == alone.accuracy
    rows = read_predictions(store.read(together.predictions).decode())
    assert set(rows.groups) == set(manifest["label"])


def test_an_account_keeps_to_the_bound_and_deletes_nothing_below_it(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    wanted = evaluate(*trained, FeatureCache(store, cache, limit=0))
    assert list(cache.glob("*.npy")) == []
    # a training's, more than the bound where none is named: a hole, so it takes no room
    cache.mkdir(exist_ok=True)
    large = cache / "activations-of-a-training.npy"
    with large.open("wb") as file:
        file.truncate(LIMIT + GIGABYTE)
    found = evaluate(*trained, FeatureCache(store, cache, limit=LIMIT + 2 * GIGABYTE))
    assert large.exists() and len(list(cache.glob("*.npy"))) == 2
    assert found.accuracy == wanted.accuracy


def test_labels_by_lot_are_answered_by_chance(
    store: Store, colored: Callable[..., bytes], quick: Train, tmp_path: Path
) -> None:
    """Nothing of a test picture's label reaches training: else this would be above chance."""
    dice, labels = np.random.default_rng(0), ("one", "two", "three")
    splits = ["train"] * 60 + ["val"] * 30 + ["test"] * 150
    blobs = [store.put(colored(number, 0)) for number in range(len(splits))]
    manifest = new_manifest(
        [{"id": blob, "picture": blob, "label": str(dice.choice(labels)), "state": "kept",
          "split": split} for blob, split in zip(blobs, splits, strict=True)]
    )  # fmt: skip
    found = evaluate(
        train(manifest, store, labels, quick, tmp_path), manifest, FeatureCache(store, tmp_path)
    )
    sigma = (1 / 3 * 2 / 3 / found.n) ** 0.5
    assert found.n == 150 and abs(found.accuracy - 1 / 3) < 3 * sigma
