"""Evaluates a checkpoint on the pictures of one split."""

import dataclasses

import pandas as pd
import torch

from foodcls.errors import StageError
from foodcls.evaluate.inference import embed_rows, predict_rows
from foodcls.evaluate.strangers import TEST, list_strangers
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.metrics.ranks import Floats, number_groups
from foodcls.metrics.rejection import RejectionScore, Side, measure_rejection
from foodcls.metrics.temperature import apply_temperature
from foodcls.train.checkpoint import Checkpoint, RejectionRef
from foodcls.train.restore import load_rejector

TOGETHER = 4_096  # pictures that are scored at once


def evaluate(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    feature_cache: FeatureCache,
    split: str = "test",
) -> Evaluation:
    """Evaluate a checkpoint on the kept rows of `split`; each cluster is a group.

    StageError when there are no such rows.
    """
    rows = split_rows(manifest, split)
    if len(rows) == 0:
        raise StageError(
            f"no {split} pictures to judge by; raise split.{split} or name an outside test set"
        )
    before, truth = predict_rows(checkpoint, rows, feature_cache)
    answers = Predictions(
        labels=checkpoint.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        groups=tuple(rows["cluster"]),
        truth=truth,
        probabilities=apply_temperature(before, checkpoint.temperature),
    )
    evaluation = evaluate_predictions(
        before,
        truth,
        number_groups(answers.groups),
        Source(
            checkpoint=checkpoint.digest,
            split=split,
            labels=checkpoint.labels,
            temperature=checkpoint.temperature,
            abstain_below=checkpoint.abstain_below,
            predictions=feature_cache.store.put(predictions_csv(answers).encode()),
        ),
    )
    rejection = judge_rejection(checkpoint, manifest, rows, feature_cache)
    return dataclasses.replace(evaluation, rejection=rejection)


def judge_rejection(
    checkpoint: Checkpoint, manifest: pd.DataFrame, known: pd.DataFrame, feature_cache: FeatureCache
) -> RejectionScore | None:
    """The figures on `known` rows and the other half of the strangers; None without any."""
    if (ref := checkpoint.rejection) is None:
        return None
    strangers = list_strangers(manifest, ref.reasons, checkpoint.labels, feature_cache.store)
    strangers = strangers[strangers["split"] == TEST]
    if strangers.empty:
        return None
    own, other = (
        Side(_score_known(checkpoint, rows, feature_cache, ref), number_groups(rows["cluster"]))
        for rows in (known, strangers)
    )
    return measure_rejection(ref.score, ref.known_from, own, other, list(strangers["kind"]))


def _score_known(
    checkpoint: Checkpoint, rows: pd.DataFrame, feature_cache: FeatureCache, ref: RejectionRef
) -> Floats:
    """The probability of rows to be of some class, float64 (N,), as the exported file gives it."""
    logits, features = embed_rows(checkpoint, rows, feature_cache)
    rejector = load_rejector(ref, feature_cache.store)
    with torch.no_grad():
        # by parts: each picture may be compared with thousands
        parts = [rejector(one.float(), other.float())[:, 0]
                 for one, other in zip(logits.split(TOGETHER), features.split(TOGETHER),
                                       strict=True)]  # fmt: skip
    return torch.cat(parts).double().exp().numpy()
