"""Gathers what a report tells of a checkpoint: its answers, how it learnt, its worst mistakes."""

from collections.abc import Mapping

import pandas as pd

from foodcls.manifest import SPLITS, class_counts
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.predictions import read_answers
from foodcls.report.album import open_album
from foodcls.report.report import Account
from foodcls.report.thumbnails import make_cards, worst_places
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import split_rows

# thumbnails of 5 KB: the page stays below a megabyte
MISTAKES = 60


def gather_account(
    name: str, checkpoint: Checkpoint, scores: Evaluation, manifest: pd.DataFrame, store: Store
) -> Account:
    """The account of a checkpoint that was judged on the manifest's rows."""
    rows = split_rows(manifest, scores.split)
    answers = read_answers(store.read(scores.predictions).decode())
    album = open_album(rows, store)
    counts = class_counts(manifest)
    return Account(
        name=name,
        evaluation=scores,
        answers=answers,
        epochs=checkpoint.reports,
        best_epoch=checkpoint.best_epoch,
        mistakes=make_cards(worst_places(answers, MISTAKES), [answers], album),
        counts={label: counts.get(label, dict.fromkeys(SPLITS, 0)) for label in scores.labels},
        digests=_digests(checkpoint, scores),
    )


def _digests(checkpoint: Checkpoint, scores: Evaluation) -> Mapping[str, str]:
    return {
        "checkpoint": checkpoint.digest,
        "weights": checkpoint.weights,
        "pretrained weights": checkpoint.pretrained_digest,
        "pictures learnt from": checkpoint.data_digest,
        "answers": scores.predictions,
        "account": scores.digest,
    }
