import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foodcls.evaluate.calibrate import calibrate
from foodcls.evaluate.evaluate import evaluate
from foodcls.evaluate.inference import predict_rows
from foodcls.features.row_cache import GIGABYTE, LIMIT, FeatureCache
from foodcls.manifest import split_rows
from foodcls.metrics.ranks import Floats
from foodcls.metrics.temperature import apply_temperature
from foodcls.progress import silent
from foodcls.recipe.train_settings import Inference
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint

Trained = tuple[Checkpoint, pd.DataFrame]


def loss(probabilities: Floats, truth: np.ndarray) -> float:
    return float(-np.log(probabilities[np.arange(len(truth)), truth]).mean())


def test_the_temperature_makes_validation_likelier(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    found = calibrate(*trained, FeatureCache(store, tmp_path), Inference())
    rows = split_rows(trained[1], "val")
    before, truth = predict_rows(trained[0], rows, FeatureCache(store, tmp_path, silent))
    assert loss(apply_temperature(before, found.temperature), truth) < loss(before, truth)
    assert dataclasses.replace(found, temperature=1.0) == trained[0]
    assert found.digest != trained[0].digest


def test_test_pictures_are_not_looked_at(trained: Trained, store: Store, tmp_path: Path) -> None:
    checkpoint, manifest = trained
    for blob in manifest.loc[manifest["split"] != "val", "picture"]:
        store.path(blob).unlink()
    calibrate(checkpoint, manifest, FeatureCache(store, tmp_path), Inference())


def test_fitting_keeps_to_the_bound_and_deletes_nothing_below_it(
    trained: Trained, store: Store, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    calibrate(*trained, FeatureCache(store, cache, limit=0), Inference())
    assert list(cache.glob("*.npy")) == []
    # a training's, more than the bound where none is named: a hole, so it takes no room
    cache.mkdir(exist_ok=True)
    large = cache / "activations-of-a-training.npy"
    with large.open("wb") as file:
        file.truncate(LIMIT + GIGABYTE)
    calibrate(*trained, FeatureCache(store, cache, limit=LIMIT + 2 * GIGABYTE), Inference())
    assert large.exists() and len(list(cache.glob("*.npy"))) == 2


@pytest.mark.parametrize(
    ("settings", "threshold"),
    [(Inference(abstain_below=0.3), 0.3), (Inference(target_accuracy=0.01), 0.0)],
    ids=["given", "any share will do"],
)
def test_the_threshold_is_given_or_chosen(
    settings: Inference, threshold: float, trained: Trained, store: Store, tmp_path: Path
) -> None:
    assert calibrate(*trained, FeatureCache(store, tmp_path), settings).abstain_below == threshold


def test_the_account_uses_both(trained: Trained, store: Store, tmp_path: Path) -> None:
    settings = Inference(calibrate=False, abstain_below=0.99)
    found = calibrate(*trained, FeatureCache(store, tmp_path), settings)
    assert found.temperature == 1.0
    account = evaluate(found, trained[1], FeatureCache(store, tmp_path))
    assert account.calibration.abstain_below == 0.99 and account.calibration.coverage < 1
