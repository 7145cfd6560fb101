"""Turns the account of one model into one HTML file that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from foodcls.manifest import SPLITS, class_counts
from foodcls.metrics.calibration import BINS, fill_bins
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.per_class import ClassScore
from foodcls.metrics.predictions import Answers, read_answers
from foodcls.metrics.temperature import coverage_curve
from foodcls.report.charts import coverage_chart, learning_charts, reliability_chart
from foodcls.report.confusion import lay_matrix
from foodcls.report.sentences import explain_calibration, explain_scores, frequent_mistakes
from foodcls.report.templates import render_page
from foodcls.report.thumbnails import Card, make_cards, open_album, worst_places
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint, EpochReport
from foodcls.train.dataset import split_rows

PAIRS = 12  # of frequent mistakes: more than a person reads
# thumbnails of 5 KB: the page stays below a megabyte
MISTAKES = 60


@dataclass(frozen=True)
class Account:
    """All that a report tells of a model."""

    name: str  # of the recipe
    evaluation: Evaluation
    answers: Answers  # those that the evaluation is about
    epochs: tuple[EpochReport, ...]
    best_epoch: int
    mistakes: tuple[Card, ...]  # the worst first
    counts: Mapping[str, Mapping[str, int]]  # kept pictures by label and split
    digests: Mapping[str, str]  # of what the model came from and what came of it, by name
    settings: Mapping[str, str] = field(default_factory=dict)  # of the recipe, by dotted key


def report_html(account: Account) -> str:
    """The report; nothing in it is loaded, run, or trusted as markup."""
    evaluation, answers = account.evaluation, account.answers
    bins = fill_bins(answers.confidence, answers.right)
    curve = coverage_curve(answers.confidence, answers.right)
    values = {
        "name": account.name,
        "evaluation": evaluation,
        "scores": evaluation.scores,
        "calibration": evaluation.calibration,
        "meaning": explain_scores(evaluation),
        "classes": _weakest_first(evaluation.per_class),
        "belief": explain_calibration(evaluation.calibration),
        "matrix": lay_matrix(evaluation.labels, evaluation.confusion),
        "frequent": frequent_mistakes(evaluation, PAIRS),
        "bins": BINS,
        "reliability": reliability_chart(bins),
        "coverage": coverage_chart(curve, evaluation.calibration),
        "learning": learning_charts(account.epochs, account.best_epoch),
        "best_epoch": account.best_epoch,
        "mistakes": account.mistakes,
        "wrong": int((answers.right == 0).sum()),
        "counts": account.counts,
        "totals": _totals(account.counts),
        "digests": account.digests,
        "settings": account.settings,
    }
    return render_page("report.html", values)


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


def _weakest_first(scores: Sequence[ClassScore]) -> list[ClassScore]:
    return sorted(scores, key=lambda score: (score.f1 is None, score.f1, score.label))


def _totals(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    splits = ("train", "val", "test")
    return {split: sum(row[split] for row in counts.values()) for split in splits}


def _digests(checkpoint: Checkpoint, scores: Evaluation) -> Mapping[str, str]:
    return {
        "checkpoint": checkpoint.digest,
        "weights": checkpoint.weights,
        "pretrained weights": checkpoint.pretrained_digest,
        "pictures learnt from": checkpoint.data_digest,
        "answers": scores.predictions,
        "account": scores.digest,
    }
