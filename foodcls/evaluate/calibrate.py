"""Calibrates a checkpoint: fits temperature, threshold and rejection on validation pictures."""

import dataclasses

import pandas as pd

from foodcls.evaluate.inference import predict_rows
from foodcls.evaluate.strangers import refuse_strangers
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.metrics.temperature import apply_temperature, choose_threshold, fit_temperature
from foodcls.recipe.train_settings import Inference
from foodcls.train.checkpoint import Checkpoint


def calibrate(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    feature_cache: FeatureCache,
    settings: Inference,
) -> Checkpoint:
    """A copy of a checkpoint with temperature, threshold and rejection as `settings` ask for.

    Only the kept rows of split "val" are used, by which the best epoch was chosen too, and half of
    the strangers.
    """
    rows = split_rows(manifest, "val")
    before, truth = predict_rows(checkpoint, rows, feature_cache)
    temperature = fit_temperature(before, truth) if settings.calibrate else 1.0
    answers = apply_temperature(before, temperature)
    right = (answers.argmax(axis=1) == truth).astype(int)
    threshold = (
        settings.abstain_below
        if settings.target_accuracy is None
        else choose_threshold(answers.max(axis=1), right, settings.target_accuracy)
    )
    rejection = (
        refuse_strangers(checkpoint, manifest, feature_cache, settings.rejection)
        if settings.rejection
        else None
    )
    return dataclasses.replace(
        checkpoint, temperature=temperature, abstain_below=threshold, rejection=rejection
    )
