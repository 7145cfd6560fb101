"""Fits a checkpoint's temperature and threshold to its answers on validation pictures."""

import dataclasses
from pathlib import Path

import pandas as pd

from foodcls.evaluate.inference import answer_rows
from foodcls.metrics.temperature import choose_threshold, fit_temperature, temper
from foodcls.progress import Track, silent
from foodcls.recipe.train_settings import Inference
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import split_rows
from foodcls.train.row_cache import LIMIT, FeatureCache


def calibrate(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    store: Store,
    cache: Path,
    settings: Inference,
    track: Track = silent,
    limit: float = LIMIT,
) -> Checkpoint:
    """The same checkpoint with the temperature and the threshold that `settings` ask for.

    The kept rows of split "val" alone are looked at, those that the best epoch was chosen by.
    At most `limit` bytes stay in `cache`.
    """
    rows = split_rows(manifest, "val")
    before, truth = answer_rows(checkpoint, rows, FeatureCache(store, cache, track, limit))
    temperature = fit_temperature(before, truth) if settings.calibrate else 1.0
    answers = temper(before, temperature)
    right = (answers.argmax(axis=1) == truth).astype(int)
    threshold = (
        settings.abstain_below
        if settings.target_accuracy is None
        else choose_threshold(answers.max(axis=1), right, settings.target_accuracy)
    )
    return dataclasses.replace(checkpoint, temperature=temperature, abstain_below=threshold)
