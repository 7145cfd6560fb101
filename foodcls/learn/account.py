"""Gathers what a report tells of a checkpoint: its answers, how it learnt, its worst mistakes."""

from collections.abc import Mapping

import pandas as pd

from foodcls.judge.album import open_album
from foodcls.judge.answers import read_answers
from foodcls.judge.cards import make_cards, worst_places
from foodcls.judge.evaluation import Evaluation
from foodcls.judge.report import Account
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.examples import split_rows
from foodcls.manifest import SPLITS, class_counts
from foodcls.store import Store

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
