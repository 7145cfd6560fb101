"""Turns probabilities on labelled pictures into an honest account of how good a model is."""

import dataclasses
from dataclasses import dataclass

from foodcls.metrics.calibration import Calibration, calibrate
from foodcls.metrics.metrics import confusion_matrix
from foodcls.metrics.per_class import ClassScore, score_classes
from foodcls.metrics.ranks import Floats, Ints
from foodcls.metrics.scores import Estimate, Scores, grade, position_bounds, score_all
from foodcls.store.store import digest_json


@dataclass(frozen=True)
class Source:
    """Who answered which pictures, and how its probabilities are used."""

    checkpoint: str  # its digest
    split: str
    labels: tuple[str, ...]
    temperature: float
    abstain_below: float
    predictions: str  # blob: CSV, a row for each picture


@dataclass(frozen=True)
class Evaluation:
    """How a checkpoint answers on pictures it never learnt from."""

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

    @property
    def digest(self) -> str:
        """SHA-256 of the record."""
        return digest_json(dataclasses.asdict(self))

    @property
    def accuracy(self) -> float:
        """The share of pictures whose likeliest class is the true one."""
        return self.scores.accuracy.value

    @property
    def accuracy_low(self) -> float:
        """The lower end of its 95 % interval (Wilson)."""
        return self.scores.accuracy.low

    @property
    def accuracy_high(self) -> float:
        """The upper end of its 95 % interval (Wilson)."""
        return self.scores.accuracy.high

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
        return figures | _calibration_figures(self.calibration)


def account_for(before: Floats, truth: Ints, groups: Ints, source: Source) -> Evaluation:
    """Judge probabilities (N, C) of temperature 1, which orders classes as any other does.

    `truth` (N,) are the true classes, `groups` (N,) number what belongs together, see
    `number_groups`.
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
        calibration=calibrate(before, graded.right, source.temperature, source.abstain_below),
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
