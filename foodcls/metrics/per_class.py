"""Recall, precision, F1 and average position of each class, with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foodcls.metrics.bootstrap import Bounds, MeanBounds
from foodcls.metrics.metrics import confusion_matrix, wilson
from foodcls.metrics.ranks import class_means
from foodcls.metrics.scores import Graded


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


def score_classes(
    labels: Sequence[str], graded: Graded, positions: MeanBounds
) -> tuple[ClassScore, ...]:
    """The figures of each class; `positions` are from `position_bounds`."""
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
            average_position_bounds=positions.by_class[place],
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
