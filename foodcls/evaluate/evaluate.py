"""Turns a checkpoint and the rows of one split into an honest account of how good it is."""

from pathlib import Path

import pandas as pd

from foodcls.errors import StageError
from foodcls.evaluate.inference import answer_rows
from foodcls.metrics.bootstrap import number_groups
from foodcls.metrics.evaluation import Evaluation, Source, account_for
from foodcls.metrics.predictions import Answers, answers_csv
from foodcls.metrics.temperature import temper
from foodcls.progress import Track, silent
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import split_rows
from foodcls.train.row_cache import LIMIT, FeatureCache


def evaluate(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    store: Store,
    cache: Path,
    split: str = "test",
    track: Track = silent,
    limit: float = LIMIT,
) -> Evaluation:
    """Judge a checkpoint on the kept rows of `split`, a cluster being a group.

    At most `limit` bytes stay in `cache`. StageError when there are no such rows.
    """
    rows = split_rows(manifest, split)
    if len(rows) == 0:
        raise StageError(
            f"no {split} pictures to judge by; raise split.{split} or name an outside test set"
        )
    before, truth = answer_rows(checkpoint, rows, FeatureCache(store, cache, track, limit))
    answers = Answers(
        labels=checkpoint.labels,
        ids=tuple(rows["id"]),
        origins=tuple(rows["origin"]),
        groups=tuple(rows["cluster"]),
        truth=truth,
        probabilities=temper(before, checkpoint.temperature),
    )
    return account_for(
        before,
        truth,
        number_groups(answers.groups),
        Source(
            checkpoint=checkpoint.digest,
            split=split,
            labels=checkpoint.labels,
            temperature=checkpoint.temperature,
            abstain_below=checkpoint.abstain_below,
            predictions=store.put(answers_csv(answers).encode()),
        ),
    )
