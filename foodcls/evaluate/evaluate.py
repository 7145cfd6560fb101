"""Evaluates a checkpoint on the pictures of one split."""

from pathlib import Path

import pandas as pd

from foodcls.errors import StageError
from foodcls.evaluate.inference import predict_rows
from foodcls.features.row_cache import LIMIT, FeatureCache
from foodcls.manifest import split_rows
from foodcls.metrics.bootstrap import number_groups
from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.metrics.temperature import apply_temperature
from foodcls.progress import Track, silent
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint


def evaluate(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    store: Store,
    cache: Path,
    split: str = "test",
    track: Track = silent,
    limit: float = LIMIT,
) -> Evaluation:
    """Evaluate a checkpoint on the kept rows of `split`; each cluster is a group.

    At most `limit` bytes stay in `cache`. StageError when there are no such rows.
    """
    rows = split_rows(manifest, split)
    if len(rows) == 0:
        raise StageError(
            f"no {split} pictures to judge by; raise split.{split} or name an outside test set"
        )
    before, truth = predict_rows(checkpoint, rows, FeatureCache(store, cache, track, limit))
    answers = Predictions(
        labels=checkpoint.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        groups=tuple(rows["cluster"]),
        truth=truth,
        probabilities=apply_temperature(before, checkpoint.temperature),
    )
    return evaluate_predictions(
        before,
        truth,
        number_groups(answers.groups),
        Source(
            checkpoint=checkpoint.digest,
            split=split,
            labels=checkpoint.labels,
            temperature=checkpoint.temperature,
            abstain_below=checkpoint.abstain_below,
            predictions=store.put(predictions_csv(answers).encode()),
        ),
    )
