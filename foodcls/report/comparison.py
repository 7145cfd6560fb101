"""Compares two models on the same pictures: figures, sentences, and one HTML page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from foodcls.metrics.paired_test import PairedTest, compare_predictions
from foodcls.metrics.predictions import Predictions
from foodcls.metrics.ranks import Ints, number_groups
from foodcls.report.sentences import explain_pair
from foodcls.report.templates import render_page
from foodcls.report.thumbnails import PictureIndex, make_cards

# pictures of each kind on the page; thumbnails of 5 KB
SHOWN = 60


@dataclass(frozen=True)
class ClassChange:
    """How many pictures of a class each model predicts right."""

    label: str
    n: int
    a: int
    b: int
    won: int  # by B alone
    lost: int  # right by A alone


@dataclass(frozen=True)
class Comparison:
    """The predictions of two models, A and B, for the same pictures, and their paired test."""

    a: Predictions
    b: Predictions
    names: tuple[str, str]
    test: PairedTest
    notes: tuple[str, ...] = ()  # caveats, as sentences

    @property
    def sentences(self) -> list[str]:
        """Whether B is better, by which figures, and the caveats."""
        return [*explain_pair(self.test, *self.names), *self.notes]

    @property
    def won(self) -> Ints:
        """Rows that B alone gets right, int64, those of A's highest confidence first."""
        return self._rows(self.b.right > self.a.right)

    @property
    def lost(self) -> Ints:
        """Rows that A alone gets right, int64, those of B's highest confidence first."""
        return self._rows(self.a.right > self.b.right)

    @property
    def moved(self) -> Ints:
        """Rows that both get wrong, int64, with different classes."""
        return self._rows(
            (self.a.right + self.b.right == 0) & (self.a.predicted != self.b.predicted)
        )

    @property
    def classes(self) -> list[ClassChange]:
        """The classes in which most has changed first."""
        changes = [self._change(place, label) for place, label in enumerate(self.a.labels)]
        return sorted(changes, key=lambda change: -(change.won + change.lost))

    def _rows(self, chosen: np.ndarray) -> Ints:
        rows = np.flatnonzero(chosen)
        wrong = np.where(self.a.right[rows] == 1, self.b.confidence[rows], self.a.confidence[rows])
        return rows[np.argsort(-wrong, kind="stable")]

    def _change(self, place: int, label: str) -> ClassChange:
        own = self.a.truth == place
        a, b = self.a.right[own], self.b.right[own]
        return ClassChange(
            label, len(a), int(a.sum()), int(b.sum()), int((b > a).sum()), int((a > b).sum())
        )


def build_comparison(
    a: Predictions, b: Predictions, names: tuple[str, str], notes: tuple[str, ...] = ()
) -> Comparison:
    """Compare predictions that `align_predictions` brought into one order."""
    groups = number_groups(a.groups)
    test = compare_predictions(a.probabilities, b.probabilities, a.truth, groups)
    return Comparison(a, b, names, test, notes)


def comparison_html(comparison: Comparison, pictures: PictureIndex) -> str:
    """The page; it loads and runs nothing, and escapes all values."""
    kinds = (
        ("B alone is right", comparison.won),
        ("A alone is right", comparison.lost),
        ("Both are wrong, each in its own way", comparison.moved),
    )
    models = [comparison.a, comparison.b]
    values = {
        "names": comparison.names,
        "test": comparison.test,
        "sentences": comparison.sentences,
        "figures": _figures(comparison.test),
        "classes": comparison.classes,
        "kinds": [(title, len(rows), make_cards(rows[:SHOWN], models, pictures))
                  for title, rows in kinds],
    }  # fmt: skip
    return render_page("compare.html", values)


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON values, for programs."""
    ids = comparison.a.ids
    return {
        "names": list(comparison.names),
        "verdict": comparison.test.verdict,
        "sentences": comparison.sentences,
        "test": asdict(comparison.test),
        "per_class": [asdict(change) for change in comparison.classes],
        "won": [ids[row] for row in comparison.won],
        "lost": [ids[row] for row in comparison.lost],
    }


def _figures(test: PairedTest) -> Sequence[tuple[str, Any, Any, Any]]:
    """Name, A's and B's figure, and the difference where it is tested."""
    a, b = test.a, test.b
    return (
        ("accuracy", a.accuracy, b.accuracy, test.accuracy),
        ("average position, macro", a.average_position, b.average_position, test.average_position),
        ("average position, micro", a.average_position_micro, b.average_position_micro, None),
        ("macro recall", a.macro_recall, b.macro_recall, None),
        ("among the first 3", a.top3, b.top3, None),
        ("among the first 5", a.top5, b.top5, None),
    )
