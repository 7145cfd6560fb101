"""All figures of one model, and those of each class, from its probabilities on labeled pictures."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foodcls.metrics.bootstrap import Bounds
from foodcls.metrics.calibration import Calibration, measure_calibration
from foodcls.metrics.metrics import confusion_matrix, wilson
from foodcls.metrics.ranks import Floats, Ints, class_means
from foodcls.metrics.rejection import RejectionScore
from foodcls.metrics.scores import Estimate, Graded, Scores, grade, score_all
from foodcls.store.store import digest_json


@dataclass(frozen=True)
class ClassScore:
    """The figures of one class; None where there is nothing to divide by."""

    label: str
    n: int
    recall: float | None
    precision: float | None
    average_position: float | None  # mean rank of the true label, 1 is best
    f1: float | None = None
    recall_bounds: Bounds | None = None  # 95 %, as all of them
    precision_bounds: Bounds | None = None
    average_position_bounds: Bounds | None = None
    f1_bounds: Bounds | None = None


def score_classes(labels: Sequence[str], graded: Graded) -> tuple[ClassScore, ...]:
    """The figures of each class."""
    confusion = confusion_matrix(graded.truth, graded.predicted, len(labels))
    means = class_means(graded.places, graded.truth)
    right, given, own = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    return tuple(
        ClassScore(
            label=label,
            n=int(own[place]),
            recall=_share(right[place], own[place]),
            precision=_share(right[place], given[place]),
            average_position=means.get(place),
            f1=_share(2 * right[place], own[place] + given[place]),
            recall_bounds=_bounds(right[place], own[place]),
            precision_bounds=_bounds(right[place], given[place]),
            average_position_bounds=graded.positions.by_class[place],
            f1_bounds=f1_bounds(right[place], own[place], given[place]),
        )
        for place, label in enumerate(labels)
    )


def f1_bounds(right: int, own: int, given: int) -> Bounds | None:
    """The 95 % interval of F1 from the pictures found, the class's own, and those given to it.

    F1 = 2 s / (1 + s) of the share s = TP / (TP + FP + FN), which has Wilson's interval
    (K. F. Y. Lam et al. 2023, arXiv:2309.14621, there called Wilson indirect).
    """
    bounds = _bounds(right, own + given - right)
    return (2 * bounds[0] / (1 + bounds[0]), 2 * bounds[1] / (1 + bounds[1])) if bounds else None


def _share(right: int, of: int) -> float | None:
    return int(right) / int(of) if of else None


def _bounds(right: int, of: int) -> Bounds | None:
    return wilson(int(right), int(of)) if of else None


@dataclass(frozen=True)
class Source:
    """Which model predicted which split, and how its probabilities become answers."""

    checkpoint: str  # its digest
    split: str
    labels: tuple[str, ...]
    temperature: float
    abstain_below: float
    predictions: str  # blob: CSV, a row for each picture


@dataclass(frozen=True)
class Evaluation:
    """The figures of a checkpoint on pictures that it was not trained on."""

    checkpoint: str  # its digest
    split: str
    n: int
    groups: int  # of pictures that belong together; a bootstrap draws whole groups
    scores: Scores
    calibration: Calibration
    labels: tuple[str, ...]
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]  # a row for each true class
    predictions: str  # blob: CSV, a row for each picture
    rejection: RejectionScore | None = None  # None where it was not learnt

    @property
    def digest(self) -> str:
        """SHA-256 of the record."""
        return digest_json(dataclasses.asdict(self))

    @property
    def accuracy(self) -> float:
        """The share of pictures whose most probable class is the true one."""
        return self.scores.accuracy.value

    @property
    def average_position(self) -> float:
        """The mean of the classes' mean ranks of the true label; 1 is best."""
        return self.scores.average_position.value

    @property
    def headline(self) -> dict[str, float]:
        """The figures that models are compared by, by the names they have everywhere."""
        figures: dict[str, float] = {"n": self.n, "groups": self.groups}
        for field in dataclasses.fields(self.scores):
            estimate: Estimate = getattr(self.scores, field.name)
            figures[field.name] = estimate.value
            figures[f"{field.name}_low"] = estimate.low
            figures[f"{field.name}_high"] = estimate.high
        figures |= _calibration_figures(self.calibration)
        return figures | (_rejection_figures(self.rejection) if self.rejection else {})


def evaluate_predictions(before: Floats, truth: Ints, groups: Ints, source: Source) -> Evaluation:
    """The figures of probabilities `before` (N, C) at temperature 1.

    `truth` (N,) are the true classes from 0, `groups` (N,) the numbers from `number_groups`. The
    temperature changes the calibration alone: it leaves the order of classes as it is.
    """
    graded = grade(before, truth, groups)
    confusion = confusion_matrix(truth, graded.predicted, graded.classes)
    return Evaluation(
        checkpoint=source.checkpoint,
        split=source.split,
        n=len(truth),
        groups=int(groups.max()) + 1,
        scores=score_all(graded),
        calibration=measure_calibration(
            before, graded.right, source.temperature, source.abstain_below
        ),
        labels=source.labels,
        per_class=score_classes(source.labels, graded),
        confusion=tuple(tuple(map(int, row)) for row in confusion),
        predictions=source.predictions,
    )


def _calibration_figures(calibration: Calibration) -> dict[str, float]:
    figures = {
        "temperature": calibration.temperature,
        "calibration_error": calibration.error,
        "calibration_error_before": calibration.error_before,
        "calibration_error_by_chance": calibration.error_by_chance,
        "abstain_below": calibration.abstain_below,
        "coverage": calibration.coverage,
    }
    answered = calibration.answered
    return figures | ({"accuracy_answered": answered.value} if answered else {})


def _rejection_figures(rejection: RejectionScore) -> dict[str, float]:
    accepted, at_95 = rejection.accepted, rejection.accepted_at_95
    return {
        "known_kept": rejection.kept.value,
        "strangers": rejection.n,
        "strangers_accepted": accepted.value,
        "strangers_accepted_low": accepted.low,
        "strangers_accepted_high": accepted.high,
        "strangers_accepted_at_95": at_95.value,
        "strangers_accepted_at_95_high": at_95.high,
        "stranger_auroc": rejection.auroc,
    }
