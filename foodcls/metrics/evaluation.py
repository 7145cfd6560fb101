"""All figures of one model, from its probabilities on labeled pictures."""

import dataclasses
from dataclasses import dataclass

from foodcls.metrics.calibration import Calibration, measure_calibration
from foodcls.metrics.metrics import confusion_matrix
from foodcls.metrics.per_class import ClassScore, score_classes
from foodcls.metrics.ranks import Floats, Ints
from foodcls.metrics.rejection import RejectionScore
from foodcls.metrics.scores import Estimate, Scores, grade, position_bounds, score_all
from foodcls.store.store import digest_json


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
    positions = position_bounds(graded)
    confusion = confusion_matrix(truth, graded.predicted, graded.classes)
    return Evaluation(
        checkpoint=source.checkpoint,
        split=source.split,
        n=len(truth),
        groups=int(groups.max()) + 1,
        scores=score_all(graded, positions),
        calibration=measure_calibration(
            before, graded.right, source.temperature, source.abstain_below
        ),
        labels=source.labels,
        per_class=score_classes(source.labels, graded, positions),
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
