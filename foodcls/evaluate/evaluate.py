"""Evaluates a checkpoint on the pictures of one split."""

import dataclasses

import pandas as pd
import torch

from foodcls.errors import StageError
from foodcls.evaluate.inference import embed_rows, predict_embedded, predict_rows
from foodcls.evaluate.strangers import TEST, list_strangers
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.metrics.ranks import Floats, Ints, number_groups
from foodcls.metrics.rejection import RejectionScore, Side, measure_rejection
from foodcls.metrics.temperature import apply_temperature
from foodcls.train.checkpoint import Checkpoint, RejectionRef
from foodcls.train.restore import load_rejector

TOGETHER = 4_096  # pictures that are scored at once
Embedded = tuple[torch.Tensor, torch.Tensor]  # logits (N, C) and features (N, F)


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
    embedded: Embedded | None = None
    if checkpoint.rejection:
        before, truth, embedded = predict_embedded(checkpoint, rows, feature_cache)
    else:
        before, truth = predict_rows(checkpoint, rows, feature_cache)
    answers = Predictions(
        labels=checkpoint.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        groups=tuple(rows["cluster"]),
        truth=truth,
        probabilities=apply_temperature(before, checkpoint.temperature),
    )
    groups = number_groups(answers.groups)
    evaluation = evaluate_predictions(
        before,
        truth,
        groups,
        Source(
            checkpoint=checkpoint.digest,
            split=split,
            labels=checkpoint.labels,
            temperature=checkpoint.temperature,
            abstain_below=checkpoint.abstain_below,
            predictions=feature_cache.store.put(predictions_csv(answers).encode()),
        ),
    )
    if embedded is None:
        return evaluation
    rejection = judge_rejection(checkpoint, manifest, embedded, groups, feature_cache)
    return dataclasses.replace(evaluation, rejection=rejection)


def judge_rejection(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    known: Embedded,
    groups: Ints,
    feature_cache: FeatureCache,
) -> RejectionScore | None:
    """The figures on known pictures and the other half of the strangers; None without any.

    `known` are logits and features by `embed_rows`, `groups` (N,) numbers of look-alikes.
    """
    if (ref := checkpoint.rejection) is None:
        return None
    strangers = list_strangers(manifest, ref.reasons, checkpoint.labels, feature_cache.store)
    strangers = strangers[strangers["split"] == TEST]
    if strangers.empty:
        return None
    others = embed_rows(checkpoint, strangers, feature_cache)
    own, other = (
        Side(_score_known(embedded, feature_cache, ref), numbers)
        for embedded, numbers in ((known, groups), (others, number_groups(strangers["cluster"])))
    )
    return measure_rejection(ref.score, ref.known_from, own, other, list(strangers["kind"]))


def _score_known(embedded: Embedded, feature_cache: FeatureCache, ref: RejectionRef) -> Floats:
    """The probability of being of some class, float64 (N,), as the exported file gives it."""
    logits, features = embedded
    rejector = load_rejector(ref, feature_cache.store)
    with torch.no_grad():
        # by parts: each picture may be compared with thousands
        parts = [rejector(one.float(), other.float())[:, 0]
                 for one, other in zip(logits.split(TOGETHER), features.split(TOGETHER),
                                       strict=True)]  # fmt: skip
    return torch.cat(parts).double().exp().numpy()
