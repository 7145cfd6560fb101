"""Writes the report of one model: one HTML file that loads nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from PIL import Image

from foodcls.evaluate.advice import advise
from foodcls.image.decode import png_bytes
from foodcls.manifest import SPLITS, class_counts, split_rows
from foodcls.metrics.calibration import BINS, fill_bins
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.own_worth import OwnWorth
from foodcls.metrics.predictions import Predictions, read_predictions
from foodcls.metrics.temperature import coverage_curve
from foodcls.recipe.train_settings import Train
from foodcls.report.by_hand import explain_relabeled
from foodcls.report.charts import coverage_chart, learning_charts, reliability_chart
from foodcls.report.confusion import lay_matrix
from foodcls.report.sentences import (
    explain_calibration,
    explain_learning,
    explain_own,
    explain_scores,
    frequent_mistakes,
)
from foodcls.report.templates import render_page
from foodcls.report.thumbnails import (
    Card,
    index_pictures,
    make_cards,
    show_blobs,
    thumbnail,
    worst_places,
)
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint, EpochReport

PAIRS = 12  # frequent mistakes in the table
# thumbnails of 5 KB: the page stays below a megabyte
MISTAKES = 60
SIDE = 112  # pixels of a view


@dataclass(frozen=True)
class ReportData:
    """All that a report shows of a model."""

    name: str  # of the recipe
    evaluation: Evaluation
    answers: Predictions  # of the evaluated pictures
    epochs: tuple[EpochReport, ...]
    best_epoch: int
    mistakes: tuple[Card, ...]  # the worst first
    counts: Mapping[str, Mapping[str, int]]  # see `count_pictures`
    digests: Mapping[str, str]  # of inputs and outputs, by name
    settings: Mapping[str, str] = field(default_factory=dict)  # of the recipe, by dotted key
    learnt: str = ""  # by which method, in a sentence
    advice: Sequence[str] = ()  # what to do about the accuracy, in sentences
    seen: Sequence[str] = ()  # what a person saw on the test pictures, in sentences
    relabeled: str = ""  # which pictures a person has moved to another class, in a sentence
    worth: Sequence[str] = ()  # what more pictures would be worth, in sentences
    looks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # see `contact_sheet`
    own: OwnWorth | None = None
    # own photos, and the nearest and farthest of the crawl, as data URIs
    own_looks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def report_html(data: ReportData) -> str:
    """The page; it loads and runs nothing, and escapes all values."""
    evaluation, answers = data.evaluation, data.answers
    bins = fill_bins(answers.confidence, answers.right)
    curve = coverage_curve(answers.confidence, answers.right)
    values = vars(data) | {
        "scores": evaluation.scores,
        "calibration": evaluation.calibration,
        "meaning": explain_scores(evaluation),
        "classes": sorted(
            evaluation.per_class, key=lambda one: (one.f1 is None, one.f1, one.label)
        ),
        "belief": explain_calibration(evaluation.calibration),
        "matrix": lay_matrix(evaluation.labels, evaluation.confusion),
        "frequent": frequent_mistakes(evaluation, PAIRS),
        "bins": BINS,
        "reliability": reliability_chart(bins),
        "coverage": coverage_chart(curve, evaluation.calibration),
        "learning": learning_charts(data.epochs, data.best_epoch),
        "own_meaning": explain_own(data.own) if data.own else [],
        "wrong": int((answers.right == 0).sum()),
        "totals": {name: sum(row.get(name, 0) for row in data.counts.values())
                   for name in (*SPLITS, "copies")},
    }  # fmt: skip
    return render_page("report.html", values)


def gather_report(
    name: str,
    checkpoint: Checkpoint,
    scores: Evaluation,
    manifest: pd.DataFrame,
    store: Store,
    own: OwnWorth | None = None,
) -> ReportData:
    """Read what the report of a checkpoint needs from its manifest and store."""
    answers = read_predictions(store.read(scores.predictions).decode())
    worst = worst_places(answers, MISTAKES)
    rows = split_rows(manifest, scores.split)
    shown = rows[rows["id"].isin([answers.ids[place] for place in worst])]
    counts = count_pictures(manifest, scores.labels)
    return ReportData(
        name=name,
        evaluation=scores,
        answers=answers,
        epochs=checkpoint.reports,
        best_epoch=checkpoint.best_epoch,
        mistakes=make_cards(worst, [answers], index_pictures(shown, store)),
        counts=counts,
        relabeled=explain_relabeled(manifest),
        learnt=explain_learning(checkpoint.settings),
        advice=advise(checkpoint, scores),
        digests=_digests(checkpoint, scores),
        looks=contact_sheet(manifest, checkpoint.settings, store),
        own=own,
        own_looks=_own_looks(own, manifest, store) if own else {},
    )


def _own_looks(own: OwnWorth, manifest: pd.DataFrame, store: Store) -> dict[str, tuple[str, ...]]:
    # of each class and group first one, so that not one dish is shown alone
    rows = split_rows(manifest, "own")
    first = rows.iloc[rows.groupby("label").cumcount().argsort(kind="stable")]
    shown: dict[str, Iterable[str]] = {
        "own photos": first["picture"].head(len(own.nearest)),
        "nearest of the crawl": own.nearest,
        "farthest": own.farthest,
    }
    return {name: show_blobs(blobs, store) for name, blobs in shown.items()}


def count_pictures(manifest: pd.DataFrame, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """Kept pictures by label and split, and apart from these the training pictures' copies."""
    is_copy = manifest["parent"] != ""
    rows = manifest[["label", "split", "state"]]
    photos, copies = class_counts(rows[~is_copy]), class_counts(rows[is_copy])
    none = dict.fromkeys(SPLITS, 0)
    return {label: none | photos.get(label, none) | {"copies": copies.get(label, none)["train"]}
            for label in labels}  # fmt: skip


def _digests(checkpoint: Checkpoint, scores: Evaluation) -> Mapping[str, str]:
    return {
        "checkpoint": checkpoint.digest,
        "weights": checkpoint.weights,
        "pretrained weights": checkpoint.pretrained_digest,
        "license of these": checkpoint.license or "random weights have none",
        "pictures learnt from": checkpoint.data_digest,
        "answers": scores.predictions,
        "evaluation": scores.digest,
    }


def contact_sheet(
    manifest: pd.DataFrame, settings: Train, store: Store
) -> Mapping[str, tuple[str, ...]]:
    """By class, the views of its first training photo as data URIs, squashed as for the network.

    Nothing where photos are learnt from as they are.
    """
    rows = split_rows(manifest, "train").drop_duplicates("label")
    if settings.target is None or settings.target.views == 1 or rows.empty:
        return {}
    # most runs show nothing here, and need not wait for torch
    from foodcls.features.pixels import decode_rows
    from foodcls.train.views import training_views

    views = training_views(settings)
    decoded = decode_rows(rows, store, SIDE, views)
    pixels = decoded.take(range(len(decoded))).reshape(len(rows), len(views), SIDE, SIDE, 3)
    return {
        label: tuple(thumbnail(png_bytes(Image.fromarray(one))) for one in row)
        for label, row in zip(rows["label"], pixels, strict=True)
    }
